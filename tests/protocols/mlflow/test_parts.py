"""Large files in parts, on disk and on S3; addresses of files in the bucket itself."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asked import FILES, Asked

from ninefold import clock
from ninefold.accounts import Accounts
from ninefold.accounts.permit import Permit
from ninefold.config import load
from ninefold.project.home import Home
from ninefold.protocols.mlflow import errors
from ninefold.protocols.mlflow.routes import routes
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.web import App

FOLDER = "0/r/artifacts/models"
PATH = f"{FOLDER}/large.bin"


@pytest.fixture(params=["disk", "s3"])
def placed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    if request.param == "s3":
        monkeypatch.setenv("NINEFOLD_ARTIFACTS", request.getfixturevalue("bucket") + "/blobs")
    with Home(load(tmp_path), "") as home:
        yield Asked(home)


@pytest.mark.parametrize(("before", "named"), [("", {"x_mlflow_workspace": "red"}), ("/~red", {})])
def test_the_address_of_a_part_finds_the_upload_of_any_project(asked: Asked, before: str, named: dict[str, str]) -> None:
    permit = Permit(Accounts(asked.home.ledger), project="default")  # what settles the project of a call
    asked.app = App(routes(Tracking(asked.home)), permit=permit, shapes={"mlflow": errors.shape})

    def tell(verb: str, **body: Any) -> Any:
        said = asked.call("POST", f"{before}{FILES}mpu/{verb}/{FOLDER}", json.dumps({"path": "large.bin", **body}).encode(), **named)
        assert said.status == 200, said.body
        return said.json

    begun = tell("create", num_parts=1)
    part = asked.call("PUT", urlsplit(begun["credentials"][0]["url"]).path, b"content")  # clients send nothing else with it
    assert part.status == 200
    tell("complete", upload_id=begun["upload_id"], parts=[{"part_number": 1, "etag": part.headers["etag"]}])
    assert asked.call("GET", f"{before}{FILES}artifacts/{PATH}", **named).body == b"content"
    assert asked.call("GET", f"{FILES}artifacts/{PATH}").status == 404


def begin(asked: Asked, count: int) -> tuple[str, list[str]]:
    said = asked.done(f"{FILES}mpu/create/{FOLDER}", path="/home/ada/large.bin", num_parts=count)
    assert [each["part_number"] for each in said["credentials"]] == list(range(1, count + 1))
    assert all(each["url"].startswith("http://localhost/api/") for each in said["credentials"])
    return said["upload_id"], [urlsplit(each["url"]).path for each in said["credentials"]]


def complete(asked: Asked, id: str, tags: list[str]) -> Any:
    parts = [{"part_number": n, "etag": tag, "url": "u"} for n, tag in enumerate(tags, 1)]
    return asked.post(f"{FILES}mpu/complete/{FOLDER}", path="/home/ada/large.bin", upload_id=id, parts=parts)


def test_parts_come_in_any_order_and_again(placed: Asked) -> None:
    pieces = [os.urandom(3_000_000), os.urandom(3_000_000), b"end"]
    id, places = begin(placed, 3)
    tags = {n: placed.call("PUT", places[n], pieces[n]).headers["etag"] for n in (2, 0, 1)}
    placed.call("PUT", places[1], b"torn")
    assert complete(placed, id, [tags[n] for n in range(3)]).status == 400  # a part is not as it was sent
    tags[1] = placed.call("PUT", places[1], pieces[1]).headers["etag"]
    assert placed.call("GET", f"{FILES}artifacts/{PATH}").status == 404
    assert complete(placed, id, [tags[n] for n in range(3)]).status == 200
    assert complete(placed, id, [tags[n] for n in range(3)]).status == 200
    assert placed.call("GET", f"{FILES}artifacts/{PATH}").body == b"".join(pieces)
    assert [name for name in placed.home.blobs.store.list() if "unfinished" in name] == []
    assert placed.call("PUT", places[1], b"late").status == 403


def test_an_upload_goes_on_after_a_restart(placed: Asked, tmp_path: Path) -> None:
    id, places = begin(placed, 2)
    first = placed.call("PUT", places[0], b"one").headers["etag"]
    with Home(load(tmp_path), "") as home:
        again = Asked(home)
        second = again.call("PUT", places[1], b"two").headers["etag"]
        assert complete(again, id, [first, second]).status == 200
        assert again.call("GET", f"{FILES}artifacts/{PATH}").body == b"onetwo"


def test_what_is_given_up_leaves_nothing(placed: Asked) -> None:
    id, places = begin(placed, 1)
    tag = placed.call("PUT", places[0], b"one").headers["etag"]
    for _ in range(2):
        assert placed.post(f"{FILES}mpu/abort/{FOLDER}", path="large.bin", upload_id=id).status == 200
    assert list(placed.home.blobs.store.list()) == []
    assert placed.call("PUT", places[0], b"one").status == 403
    assert complete(placed, id, [tag]).status == 404


def test_an_old_upload_is_forgotten(placed: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    id, places = begin(placed, 1)
    placed.call("PUT", places[0], b"one")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 25 * 3600 * 1_000_000)
    begin(placed, 1)
    assert placed.home.ledger.one("select 1 from uploads where id = ?", id) is None
    assert list(placed.home.blobs.store.list()) == []


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (f"{FILES}mpu/part/nobody/1/{'0' * 64}", 403),
        (f"{FILES}mpu/part/{{id}}/1/{'0' * 64}", 403),
        (f"{FILES}mpu/part/{{id}}/2/{{first}}", 403),
        (f"{FILES}mpu/part/{{id}}/9999999/{{first}}", 400),
        (f"{FILES}mpu/part/{{id}}/x/{{first}}", 400),
        (f"{FILES}mpu/part/{{id}}/1/%C3%A9", 403),
    ],
)
def test_an_address_is_for_one_part_alone(asked: Asked, place: str, status: int) -> None:
    id, places = begin(asked, 2)
    assert asked.call("PUT", place.format(id=id, first=places[0].rpartition("/")[2]), b"x").status == status


@pytest.mark.parametrize(
    "body", [{}, {"path": ""}, {"path": "x", "num_parts": 0}, {"path": "x", "num_parts": 10_001}, {"path": "..", "num_parts": 1}]
)
def test_a_wrong_beginning_is_the_callers_mistake(asked: Asked, body: dict[str, Any]) -> None:
    assert asked.post(f"{FILES}mpu/create/{FOLDER}", **body).status == 400


@pytest.mark.parametrize("numbers", [[], [2], [1, 3], [0, 1]])
def test_parts_have_no_gaps(asked: Asked, numbers: list[int]) -> None:
    id, places = begin(asked, 3)
    tag = asked.call("PUT", places[0], b"x").headers["etag"]
    parts = [{"part_number": n, "etag": tag} for n in numbers]
    assert asked.post(f"{FILES}mpu/complete/{FOLDER}", path="large.bin", upload_id=id, parts=parts).status == 400


def test_another_file_is_not_finished_by_it(asked: Asked) -> None:
    id, places = begin(asked, 1)
    tag = asked.call("PUT", places[0], b"x").headers["etag"]
    said = asked.post(f"{FILES}mpu/complete/{FOLDER}", path="other.bin", upload_id=id, parts=[{"part_number": 1, "etag": tag}])
    assert said.status == 404


def test_a_file_is_read_from_the_bucket_itself(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_ARTIFACTS", f"{bucket}/blobs")
    with Home(load(tmp_path), "") as home:
        asked = Asked(home)
        assert asked.get("/api/3.0/mlflow/server-info").json["multipart_downloads_enabled"] is True
        content = os.urandom(100_000)
        assert asked.call("PUT", f"{FILES}artifacts/{PATH}", content).status == 200
        said = asked.call("GET", f"{FILES}presigned/{PATH}").json
        assert said["file_size"] == len(content)
        request = urllib.request.Request(said["url"], headers={"Range": "bytes=10-19", **said["headers"]})
        assert urllib.request.urlopen(request).read() == content[10:20]
        assert asked.call("GET", f"{FILES}presigned/0/none").status == 404


def test_an_address_takes_one_file_whole_from_whoever_has_it(placed: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    run = placed.begin()
    answer = placed.post("/api/2.0/mlflow/artifacts/presigned-upload-url", run_id=run, path="plots/a.bin", expiration=60)
    address = urlsplit(answer.json["presigned_url"]).path
    for content in (b"first", b"second"):  # a retry, and a correction
        assert placed.call("PUT", address, content).status == 200
    assert placed.call("GET", f"{FILES}artifacts/0/{run}/artifacts/plots/a.bin").body == b"second"
    assert placed.call("PUT", address[:-1] + ("0" if address[-1] != "0" else "1"), b"x").status == 403
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 61_000_000)
    assert placed.call("PUT", address, b"late").status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"path": "a"},
        {"run_id": "r", "model_id": "m", "path": "a"},
        {"run_id": "RUN", "path": "../a"},
        {"run_id": "RUN", "path": "a", "expiration": 0},
    ],
)
def test_an_address_of_nothing_is_the_callers_mistake(asked: Asked, body: dict[str, Any]) -> None:
    body = {**body, **({"run_id": asked.begin()} if body.get("run_id") == "RUN" else {})}
    assert asked.post("/api/2.0/mlflow/artifacts/presigned-upload-url", **body).status == 400


def test_a_file_of_a_run_has_an_address_in_the_bucket(placed: Asked) -> None:
    run = placed.begin()
    placed.call("PUT", f"{FILES}artifacts/0/{run}/artifacts/a.bin", b"inside")
    answer = placed.post("/api/2.0/mlflow/artifacts/presigned-download-url", run_id=run, path="a.bin")
    if answer.status == 501:  # files on disk have none
        assert not os.environ.get("NINEFOLD_ARTIFACTS")
        return
    with urllib.request.urlopen(answer.json["presigned_url"]) as got:
        assert got.read() == b"inside"
