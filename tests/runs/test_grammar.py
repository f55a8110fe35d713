"""The grammar of filters: what it reads, where it says that something is wrong, and that it takes no time over nonsense."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.errors import UsageError
from ninefold.protocols.mlflow import grammar
from ninefold.runs.searching.asking import OURS, read_signed
from ninefold.runs.searching.filters import Comparison, Field, like
from ninefold.runs.searching.grammar import read_filter, read_order
from ninefold.runs.searching.patterns import matches


def read(text: str) -> list[tuple[str, str, object]]:
    return [(f"{c.field.kind}.{c.field.key}", c.sign, c.value) for c in read_filter(text, grammar.RUNS)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("  \n ", []),
        ("metrics.auc>0.7", [("metric.auc", ">", 0.7)]),
        ("metric.auc <= -1e-3", [("metric.auc", "<=", -1e-3)]),
        ("metrics.auc == 1", [("metric.auc", "=", 1)]),
        ("metrics.`my metric` != .5", [("metric.my metric", "!=", 0.5)]),
        ('metrics."a.b/c" < inf', [("metric.a.b/c", "<", float("inf"))]),
        ("`metrics`.x > -Infinity", [("metric.x", ">", float("-inf"))]),
        ("parameters.a = 'it''s'", [("param.a", "=", "it's")]),
        ('param.a != "say ""x"""', [("param.a", "!=", 'say "x"')]),
        ("params.a.b-c/d LIKE '%_'", [("param.a.b-c/d", "like", "%_")]),
        ("tags.x iLiKe 'A%' AND tag.y Is Not Null", [("tag.x", "ilike", "A%"), ("tag.y", "is not null", None)]),
        ("tags.z IS NULL", [("tag.z", "is null", None)]),
        ("run_id IN ('a', \"b\",)", [("attribute.id", "in", ("a", "b"))]),
        ("attributes.run_id not in ('a')", [("attribute.id", "not in", ("a",))]),
        ('attr."Run Name" = "x"', [("attribute.name", "=", "x")]),
        ("run.status LIKE 'F%'", [("attribute.status", "in", ("done", "failed"))]),
        ("status != 'FINISHED'", [("attribute.status", "in", ("failed", "killed", "running", "scheduled"))]),
        ("created = 5", [("attribute.started", "within", (5000, 6000))]),
        ("end_time > 5.5", [("attribute.ended", ">=", 6000)]),
        ("start_time != 1e300", [("attribute.started", "not in", ())]),
        ("datasets.context = 'train'", [("input_tag.mlflow.data.context", "=", "train")]),
        ("dataset.name IN ('a')", [("dataset.name", "in", ("a",))]),
    ],
)  # fmt: skip
def test_what_is_read(text: str, found: list[tuple[str, str, object]]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("metrics.auc", 12, "comparison was expected"),
        ("metrics.auc >", 14, "value was expected"),
        ("metrics.auc > 'x'", 15, "is a number"),
        ("metrics.auc > nan", 15, "is a number"),
        ("metrics.auc LIKE '1'", 13, "cannot be compared by LIKE"),
        ("params.a = 1", 12, "is a text"),
        ("params.a = b", 12, "is a text"),
        ("params.a = 'b", 12, "cannot be read"),
        ("params.a = 'b' or params.a = 'c'", 16, "AND was expected"),
        ("params.a = 'b' params.a = 'c'", 16, "AND was expected"),
        ("(params.a = 'b')", 1, "is no field"),
        ("params. = 'b'", 7, "cannot be read"),
        ("params.`` = 'b'", 1, "names no key"),
        ("nothing.a = 'b'", 1, 'no "nothing"'),
        ("startd = 1", 1, 'no attribute "startd"'),
        ("run_id IN ()", 12, "an empty list"),
        ("run_id IN ('a' 'b')", 16, "stands in a list"),
        ("run_id NOT ('a')", 12, "IN was expected"),
        ("tags.a IS 'x'", 11, "NULL was expected"),
        ("datasets.size = 'x'", 1, 'no "size"'),
        ("tags.a RLIKE 'x'", 8, "cannot be compared by RLIKE"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: int, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read(text)
    assert caught.value.where == f"filter, character {place}"
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["'" * 65_000, "1" * 65_000 + "x", "(" * 65_000, "`" * 64_999, "a." * 32_000, " " * 65_000 + "x", "'a" + "''a" * 20_000, "-" * 65_000,
     "x IN ('" + "','" * 20_000],
)  # fmt: skip
def test_nonsense_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UsageError):
        read(text)
    assert time.perf_counter() - began < 1


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from([grammar.RUNS, grammar.LOGGED, grammar.TRACES, OURS]))
def test_any_text_is_read_or_refused(text: str, words: grammar.Vocabulary) -> None:
    for ask in (lambda: read_filter(text, words), lambda: read_order([text], words)):
        with contextlib.suppress(UsageError):
            ask()


@given(st.text(max_size=30).filter(lambda text: "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)))
def test_any_text_can_be_asked_for(text: str) -> None:
    quoted = text.replace("'", "''")
    assert read_filter(f"tags.x = '{quoted}'", grammar.RUNS) == [Comparison(Field("tag", "x"), "=", text)]


def test_orders() -> None:
    order = read_order(["metrics.`a b` DESC", "run_name", "attributes.Created asc", 'tags."x.y"'], grammar.RUNS)
    assert [(o.field.kind, o.field.key, o.descending) for o in order] == [
        ("metric", "a b", True),
        ("attribute", "name", False),
        ("attribute", "started", False),
        ("tag", "x.y", False),
    ]
    for wrong in (["metrics.a", "metric.a DESC"], ["start_time", "created"], ["metrics.a up"], ["metrics.a DESC, b"], [""], ["datasets.name"], ["x"]):
        with pytest.raises(UsageError):
            read_order(wrong, grammar.RUNS)


def test_our_own_words() -> None:
    found = read_filter("metrics.auc > 0.7 and params.leaves = 31 and status = done and started >= '2026-01-01' and parent is null", OURS)
    assert [(c.field.key, c.sign, c.value) for c in found][1:4] == [
        ("leaves", "=", "31"),
        ("status", "=", "done"),
        ("started", ">=", 1_767_225_600_000_000),
    ]
    assert read_signed(["-metrics.auc"])[0].descending
    with pytest.raises(UsageError, match='no status "FINISHED"'):
        read_filter("status = FINISHED", OURS)


def test_a_regular_expression_takes_no_time_and_is_told_where_it_is_none() -> None:
    began = time.perf_counter()
    assert matches("(a+)+$", ["a" * 100_000 + "b"]) == [False]
    assert time.perf_counter() - began < 2
    with pytest.raises(UsageError, match="regular expression"):
        matches("(a", ["a"])


def test_a_pattern_of_many_wildcards_takes_no_time() -> None:
    began = time.perf_counter()
    assert not like("a" * 3000, "%a" * 500 + "%b")
    assert time.perf_counter() - began < 2


def test_errors_say_what_was_meant_in_the_words_of_the_caller() -> None:
    with pytest.raises(UsageError) as told:
        read_filter("loss < 0.5", OURS)
    assert "a metric is metrics.loss; a parameter is params.loss" in told.value.hint
    with pytest.raises(UsageError, match=r"tags\.team is compared with an empty list"):
        read_filter("tags.team in ()", OURS)
    with pytest.raises(UsageError, match=r"^order, character 1: runs cannot be ordered by"):
        read_signed("-loss")
