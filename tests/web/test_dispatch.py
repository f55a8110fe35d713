"""Finding routes."""

import pytest

from ninefold.errors import DeclarationError, NotFoundError
from ninefold.web.dispatch import Dispatcher, MethodError
from ninefold.web.route import Route, route


def at(path: str, method: str = "GET") -> Route:
    return route(method, path, lambda call: path, who="public")


def test_the_most_literal_route_wins_whatever_the_order() -> None:
    find = Dispatcher([at("/{any:path}"), at("/runs/{id}"), at("/runs/{id}/files/{path:path}"), at("/runs/latest")]).find
    found = [find("GET", path)[0].path for path in ("/runs/latest", "/runs/7", "/runs/7/files/a/b", "/x/y")]
    assert found == ["/runs/latest", "/runs/{id}", "/runs/{id}/files/{path:path}", "/{any:path}"]


def test_a_parameter_is_one_segment_and_a_path_is_the_rest() -> None:
    find = Dispatcher([at("/a/{one}"), at("/b/{rest:path}")]).find
    assert find("GET", "/b/x/y%20z")[1] == {"rest": "x/y z"}
    with pytest.raises(NotFoundError):
        find("GET", "/a/x/y")


def test_unreserved_characters_may_be_encoded() -> None:
    assert Dispatcher([at("/~x/a_b")]).find("GET", "/%7ex/a%5Fb")[0].path == "/~x/a_b"


def test_a_dot_in_a_route_is_a_dot() -> None:
    with pytest.raises(NotFoundError):
        Dispatcher([at("/{id}/model.onnx")]).find("GET", "/7/modelxonnx")


def test_another_method_is_told_which_there_are() -> None:
    with pytest.raises(MethodError) as caught:
        Dispatcher([at("/a/{x}"), at("/a/{y}", "PUT")]).find("DELETE", "/a/1")
    assert caught.value.allow == ("GET", "HEAD", "OPTIONS", "PUT")


def test_the_same_path_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match="two routes"):
        Dispatcher([at("/a/{x}"), at("/a/{y}")])


def test_a_handler_cannot_ask_for_what_the_path_does_not_have() -> None:
    with pytest.raises(DeclarationError, match="'name'"):
        route("GET", "/a/{id}", lambda call, name: name, who="public")
