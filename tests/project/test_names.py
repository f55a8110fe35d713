"""What things are called, and what the graph makes of it."""

import pytest

import ninefold as nf
from ninefold.errors import DeclarationError, DeclarationErrors
from ninefold.project.reading.read import read


def wrong(path) -> str:
    with pytest.raises(DeclarationErrors) as caught:
        read(path)
    return "\n".join(f"{e} | {e.hint}" for e in caught.value.errors)


def test_one_thing_of_two_names_names_both(write):
    assert 'shop.py:4: one source has two names: "a" (shop.py:3) and "b"' in wrong(write(shop="a = nf.Source()\nb = a\n"))


def test_two_things_of_one_name_name_both(write):
    path = write(shop="import rows_of_shop\na = nf.Source()\n", rows_of_shop="a = nf.Source()\n")
    assert 'shop.py:4: two things are called "a"; the first one is a source at rows_of_shop.py:3' in wrong(path)


def test_a_declaration_that_is_overwritten_is_lost(write):
    assert 'shop.py:4: "a" is declared twice: the source of line 3 is lost' in wrong(write(shop="a = nf.Source()\na = nf.Source('x.csv')\n"))


def test_names_that_begin_with_an_underscore_do_not_count(project):
    assert list(project("_a = nf.Source()\nb = nf.Source()\n").things) == ["b"]


def test_a_dictionary_of_things_is_a_namespace(project):
    graph = project('stores = {"rome": nf.Source("r.csv"), "oslo": nf.Source("o.csv")}\n')
    assert list(graph.things) == ["stores.rome", "stores.oslo"]


def test_a_variable_names_a_thing_before_a_dictionary_does(project):
    assert list(project('groups = {"x": (a := nf.Source())}\na = groups["x"]\n').things) == ["a"]


def test_a_key_that_cannot_be_a_name_is_refused(write):
    assert '"new york" cannot be a name' in wrong(write(shop='stores = {"new york": nf.Source()}\n'))


def test_predictions_is_reserved(write):
    assert 'a source is called "predictions"' in wrong(write(shop="predictions = nf.Source()\n"))


def test_parameters_are_bound_by_name_position_and_default(project):
    graph = project("""
        raw = nf.Source()
        more = nf.Source()
        @nf.table(raw, key="id")
        def rows(first: pl.LazyFrame, more: pl.DataFrame, limit: int = 3) -> pl.LazyFrame: ...
    """)
    bound = [(b.name, b.kind, b.thing, b.default) for b in graph.parameters("rows")]
    assert bound == [("first", "rows", "raw", None), ("more", "rows", "more", None), ("limit", "parameter", None, 3)]


def test_a_metric_reads_predictions_and_those_of_an_endpoint(project):
    graph = project("""
        desk = nf.Endpoint("forecast")
        @nf.metric(better="higher")
        def kept(predictions: pl.LazyFrame, desk: pl.LazyFrame) -> float: ...
    """)
    assert [(b.kind, b.thing) for b in graph.parameters("kept")] == [("predictions", None), ("predictions", "desk")]
    assert graph.needs("kept") == ()


def test_a_reference_by_name_and_by_value_is_the_same(project):
    graph = project('a = nf.Features("rows", by="x", n=nf.count("1d"))\nrows = nf.Table("lake:x", key="x", time="t")\n')
    assert graph.needs("a") == ("rows",)
    assert graph.order() == ["rows", "a"]


def test_an_unknown_name_has_the_closest_one_of_the_right_noun(project):
    graph = project("rows = nf.Table('lake:x', key='x')\nrowes = nf.Source()\n")
    with pytest.raises(DeclarationError) as caught:
        graph.resolve("rowss", ("table",))
    assert caught.value.hint == 'did you mean "rows"?'


def test_a_thing_of_another_noun_is_refused(project):
    graph = project("raw = nf.Source()\n")
    with pytest.raises(DeclarationError, match='"raw" is a source, and a table is wanted here'):
        graph.resolve("raw", ("table",))


def test_a_thing_without_a_name_cannot_be_referred_to(project):
    with pytest.raises(DeclarationError, match="a source has no name"):
        project("raw = nf.Source()\n").resolve(nf.Source())


def test_things_do_not_change():
    for thing in (nf.Source("x"), nf.Table("x", key="k"), nf.Features(n=__import__("polars").col("x")), nf.Endpoint("m")):
        with pytest.raises(AttributeError):
            thing.was = "other"


def test_things_compare_by_identity():
    assert nf.Source("x") != nf.Source("x")


def test_a_declared_estimator_does_not_change_with_the_users():
    from sklearn.linear_model import LogisticRegression

    mine = LogisticRegression(C=1.0)
    model = nf.Model("p", features=["x"], candidates={"line": mine})
    mine.set_params(C=9.0)
    assert dict(model.candidates)["line"].C == 1.0
