"""Searches of runs against what plain Python finds in the same runs, on every way that a search may take."""

import functools
import importlib
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.runs.searching.filters import NUMERIC, Comparison, Field, Order, holds
from ninefold.runs.searching.runs import search_runs

_ways = importlib.import_module("ninefold.runs.searching.runs")  # the package has a function of that name
_words = st.text(st.sampled_from("aAbé%_*?[\\'\""), max_size=3)
_numbers = st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0]), st.sampled_from([math.nan, 0.0, 1.0]), st.floats(-2, 2))
_keys = st.sampled_from(["k", "k", "k", "key 2"])
_runs = st.lists(
    st.fixed_dictionaries(
        {
            "name": _words,
            "experiment": st.integers(1, 3),
            "state": st.sampled_from(["active", "active", "deleted"]),
            "status": st.sampled_from(["done", "failed", "running"]),
            "started": st.integers(0, 3),
            "ended": st.one_of(st.none(), st.integers(0, 3)),
            "parent": st.one_of(st.none(), st.just("boss")),
            "param": st.dictionaries(_keys, _words, max_size=2),
            "tag": st.dictionaries(_keys, _words, max_size=2),
            "metric": st.dictionaries(_keys, _numbers, max_size=2),
            "dataset": st.lists(_words, max_size=2, unique=True),
        }
    ),
    min_size=2,
    max_size=14,
)
_texts = st.builds(
    Comparison,
    st.one_of(
        st.just(Field("attribute", "name")),
        st.builds(Field, st.sampled_from(["param", "tag"]), _keys),
        st.just(Field("dataset", "name")),
        st.just(Field("tag", "k", "name")),
    ),
    st.sampled_from(["=", "!=", "like", "ilike"]),
    _words,
)
_lists = st.builds(
    lambda field, sign, value: Comparison(field, sign, tuple(value)),
    st.sampled_from([Field("attribute", "status"), Field("attribute", "name"), Field("tag", "k")]),
    st.sampled_from(["in", "not in"]),
    st.lists(st.one_of(_words, st.sampled_from(["done", "failed"])), max_size=3),
)
_measures = st.builds(
    lambda key, sign, value: Comparison(Field("metric", key), sign, value),
    _keys,
    st.sampled_from(sorted(NUMERIC)),
    _numbers.filter(lambda value: not math.isnan(value)),
)
_spans = st.builds(
    lambda field, sign, low, more: Comparison(Field("attribute", field), sign, (low, low + more)),
    st.sampled_from(["started", "ended"]),
    st.sampled_from(["within", "outside"]),
    st.integers(0, 3),
    st.integers(0, 2),
)
_nulls = st.builds(
    lambda kind, sign: Comparison(Field(kind, "k"), sign), st.sampled_from(["param", "tag", "metric"]), st.sampled_from(["is null", "is not null"])
)
_absent = st.builds(lambda value: Comparison(Field("tag", "k"), "!=", value, missing=True), _words)
_parents = st.just(Comparison(Field("tag", "k", "parent"), "=", "boss"))
_filters = st.one_of(
    st.just([]),
    st.lists(_measures, min_size=1, max_size=2),
    st.lists(st.one_of(_texts, _lists, _measures, _spans, _nulls, _absent, _parents), max_size=2),
)
_orders = st.lists(
    st.builds(
        Order,
        st.one_of(
            st.builds(Field, st.just("attribute"), st.sampled_from(["name", "started", "ended", "status", "id"])),
            st.builds(Field, st.sampled_from(["param", "tag", "metric", "metric"]), _keys),
        ),
        st.booleans(),
    ),
    max_size=2,
    unique_by=lambda order: order.field,
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{folder}/ledger.db" if request.param == "sqlite" else request.getfixturevalue("new_database")()
    with Ledger.open(url, home=folder, anchors=folder) as ledger:
        yield ledger


_projects = iter(range(1_000_000))


def store(ledger: Ledger, project: str, runs: list[dict[str, Any]]) -> None:
    """Puts runs straight into the tables."""
    columns = ("id", "name", "experiment", "state", "status", "started", "ended", "parent")
    tables: dict[str, list[dict[str, Any]]] = {"runs": [], "params": [], "tags": [], "series": [], "inputs": []}
    for run in runs:
        tables["runs"].append({**{name: run[name] for name in columns}, "project": project, "updated": 0})
        for kind in ("param", "tag"):
            tables[f"{kind}s"] += [{"run": run["id"], "key": key, "value": value} for key, value in run[kind].items()]
        for key, value in run["metric"].items():
            nan = math.isnan(value)
            point = {"step": 0, "at": 0, "value": 0.0 if nan else value, "nan": int(nan)}
            tables["series"].append({"run": run["id"], "key": key, "project": project, "experiment": run["experiment"], **point})
        tables["inputs"] += [{"run": run["id"], "name": name, "digest": "d", "place": 0} for name in run["dataset"]]
    known = {"root": "", "created": 0, "updated": 0}
    kept = [{"project": project, "id": number, "name": f"e{number}", **known} for number in (1, 2, 3)]
    there = ledger.one("select 1 from experiments where project = ?", project)
    ledger.write(lambda tx: [tx.add(table, rows) for table, rows in {"experiments": [] if there else kept, **tables}.items()])


def meets(run: dict[str, Any], comparison: Comparison) -> bool:
    """Whether a run meets a comparison, told plainly."""
    field, sign, wanted = comparison.field, comparison.sign, comparison.value
    if field.kind == "dataset":
        return any(holds(sign, name, wanted) for name in run["dataset"])
    value = run.get(field.key) if field.kind == "attribute" else run[field.kind].get(field.key)
    if value is None and field.otherwise:
        value = run[field.otherwise] or None
    if sign in {"is null", "is not null"}:
        return (value is None) == (sign == "is null")
    if value is None:
        return comparison.missing
    if sign in {"within", "outside"}:
        assert isinstance(wanted, tuple)
        return (wanted[0] <= value < wanted[1]) == (sign == "within")
    if isinstance(value, float) and math.isnan(value):
        return sign == "!="
    return holds(sign, value, wanted)


_STATUS = ["failed", "done", "killed", "running"]


def ordered(runs: list[dict[str, Any]], order: list[Order]) -> list[str]:
    """Runs in an order: field by field, then the newest first, then by id."""

    def compare(a: dict[str, Any], b: dict[str, Any]) -> int:
        for term in [*order, Order(Field("attribute", "started"), descending=True), Order(Field("attribute", "id"))]:
            (rank, left), (other, right) = _place(a, term.field), _place(b, term.field)
            if rank != other:
                return -1 if rank < other else 1
            if left != right:
                return (1 if left < right else -1) if term.descending else (-1 if left < right else 1)
        return 0

    return [run["id"] for run in sorted(runs, key=functools.cmp_to_key(compare))]


def _place(run: dict[str, Any], field: Field) -> tuple[int, Any]:
    value = run[field.key] if field.kind == "attribute" else run[field.kind].get(field.key)
    if value is None:
        return 2, 0
    if isinstance(value, float) and math.isnan(value):
        return 1, 0
    return 0, _STATUS.index(value) if field.key == "status" else value


def pages(ledger: Ledger, project: str, experiments: list[int] | None, limit: int, **how: Any) -> list[str]:
    found, token = search_runs(ledger, project, experiments, limit=limit, **how)
    while token:
        assert len(found) % limit == 0
        more, token = search_runs(ledger, project, experiments, limit=limit, token=token, **how)
        assert more
        assert len(found) < 100, "pages do not end"
        found += more
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    runs=_runs,
    filters=_filters,
    order=_orders,
    state=st.sampled_from(["active", "deleted", "all"]),
    experiments=st.one_of(st.none(), st.lists(st.integers(1, 4), max_size=3)),
    limit=st.integers(1, 8),
    few=st.sampled_from([-1, 2, 2000]),
    walks=st.sampled_from([0, 16]),
    elsewhere=st.sampled_from([0, 1_000_000]),
)
def test_a_search_finds_what_plain_python_finds(
    ledger: Ledger, runs: Any, filters: Any, order: Any, state: Any, experiments: Any, limit: int, few: int, walks: int, elsewhere: int
) -> None:
    project = f"p{next(_projects)}"
    runs = [{**run, "id": f"{project}-{place * 7919 % 100:02}"} for place, run in enumerate(runs)]
    store(ledger, project, runs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ways, "_FEW", few)
        patch.setattr(_ways, "_WALKS", walks)
        patch.setattr(_ways, "_ELSEWHERE", elsewhere)
        found = pages(ledger, project, experiments, limit, filters=filters, state=state, order=order)
    chosen = [
        run
        for run in runs
        if (experiments is None or run["experiment"] in experiments)
        and state in {run["state"], "all"}
        and all(meets(run, comparison) for comparison in filters)
    ]
    assert found == ordered(chosen, order)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(runs=_runs, added=_runs, order=_orders, gone=st.sets(st.integers(0, 13)), limit=st.integers(1, 3), data=st.data())
def test_pages_stand_still_while_runs_come_and_go(ledger: Ledger, runs: Any, added: Any, order: Any, gone: Any, limit: int, data: Any) -> None:
    project = f"p{next(_projects)}"
    runs = [{**run, "id": f"{project}-{place * 7919 % 100:02}"} for place, run in enumerate(runs)]
    added = [{**run, "id": f"{project}-{place * 7919 % 100:02}x"} for place, run in enumerate(added)]
    store(ledger, project, runs)
    how: dict[str, Any] = {"state": "all", "order": order, "limit": limit}
    found, token = search_runs(ledger, project, [1, 2, 3], **how)
    store(ledger, project, added)
    lost = {run["id"] for place, run in enumerate(runs) if place in gone}
    ledger.write(lambda tx: [_delete(tx, id) for id in lost])
    while token:
        more, token = search_runs(ledger, project, [1, 2, 3], token=token, **how)
        found += more
    assert len(found) == len(set(found))
    stayed = [run for run in runs if run["id"] not in lost]
    assert [id for id in found if id in {run["id"] for run in stayed}] == ordered(stayed, order)


def _delete(tx: Any, id: str) -> None:
    for table in ("params", "tags", "series", "inputs"):
        tx.execute(f"delete from {table} where run = ?", id)
    tx.execute("delete from runs where id = ?", id)


def test_a_token_of_another_query_is_refused(ledger: Ledger) -> None:
    project = f"p{next(_projects)}"
    run = {"name": "", "experiment": 1, "state": "active", "status": "done", "started": 1, "ended": None, "parent": None}
    store(ledger, project, [{**run, "id": f"{project}-{n}", "param": {}, "tag": {}, "metric": {}, "dataset": []} for n in range(3)])
    token = search_runs(ledger, project, [1], limit=1)[1]
    assert token
    assert len(search_runs(ledger, project, [1], limit=2, token=token)[0]) == 2  # the size of a page may change
    with pytest.raises(UsageError, match="another query"):
        search_runs(ledger, project, [1, 2], limit=1, token=token)
    with pytest.raises(UsageError, match="another query"):
        search_runs(ledger, project, [1], [Comparison(Field("attribute", "name"), "=", "x")], limit=1, token=token)
    for wrong in ("x", token[:-4], "W10", token + "é", "bnVsbA", "A" * 100_000):
        with pytest.raises(UsageError, match="token"):
            search_runs(ledger, project, [1], limit=1, token=wrong)


@pytest.mark.parametrize("limit", [0, -1, 50_001])
def test_a_page_has_a_size(ledger: Ledger, limit: int) -> None:
    with pytest.raises(UsageError, match="page of"):
        search_runs(ledger, "p", [1], limit=limit)
