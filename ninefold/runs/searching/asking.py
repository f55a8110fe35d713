"""Searches of runs in our own words, as the command line, scripts and ``/api/runs`` ask them."""

from collections.abc import Sequence
from typing import Any

from ninefold import clock
from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.runs.many import details
from ninefold.runs.run import Run
from ninefold.runs.searching.filters import LISTS, NULLS, NUMERIC, TEXT, Comparison, Field, Order, Sign, State
from ninefold.runs.searching.grammar import Attribute, Labels, Read, Vocabulary, read_filter, read_order
from ninefold.runs.searching.runs import search_runs


class Found(list[Run]):
    """Runs of one page; ``token`` asks for the next one, and is None after the last."""

    token: str | None = None


def search(
    ledger: Ledger,
    project: str,
    where: str = "",
    *,
    experiment: str | None = None,
    state: State = "active",
    order: str | Sequence[str] = (),
    limit: int = 100,
    token: str | None = None,
) -> Found:
    """Runs of a project that meet ``where``, the newest first or as ``order`` says: ``"-metrics.auc"`` is the greatest first.

    >>> import tempfile; from pathlib import Path; from ninefold.runs import Runs
    >>> folder = Path(tempfile.mkdtemp()); ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> runs = Runs(ledger)
    >>> for auc in (0.6, 0.8, 0.7):
    ...     runs.log(runs.start("shop", "trees", name=f"run {auc}", params={"leaves": 31}).id, {"auc": auc})
    >>> [run.name for run in search(ledger, "shop", "metrics.auc > 0.65 and params.leaves = 31", order="-metrics.auc")]
    ['run 0.8', 'run 0.7']
    >>> search(ledger, "shop", "metric.auc > 0.7")
    Traceback (most recent call last):
    ninefold.errors.UsageError: filter, character 1: runs have no "metric"
    """
    filters = read_filter(where, OURS)
    if experiment is not None:
        filters.append(Comparison(_EXPERIMENT, "=", experiment))
    ids, following = search_runs(ledger, project, None, filters, state=state, order=read_signed(order), limit=limit, token=token)
    runs = details(ledger, ids)
    found = Found(runs[id].run for id in ids if id in runs)
    found.token = following
    return found


def read_signed(order: str | Sequence[str]) -> list[Order]:
    """An order of fields with ``-`` before those whose greatest values come first; one text may name several, with commas.

    >>> [(term.field.key, term.descending) for term in read_signed("-metrics.auc, started")]
    [('auc', True), ('started', False)]
    """
    clauses = [clause.strip() for clause in order.split(",")] if isinstance(order, str) else list(order)
    signed = [f"{clause[1:].strip()} desc" if clause.startswith("-") else clause for clause in clauses if clause]
    return read_order(signed, OURS, "order")


def _when(name: str) -> Read:
    def read(sign: Sign, value: Any) -> list[Comparison]:
        return [Comparison(Field("attribute", name), sign, None if value is None else clock.micros(value, "UTC"))]

    return read


def _experiment(sign: Sign, value: Any) -> list[Comparison]:
    return [Comparison(_EXPERIMENT, sign, value)]


def _status(sign: Sign, value: Any) -> list[Comparison]:
    for word in value if isinstance(value, tuple) else (value,):
        if word not in _STATUSES:
            raise UsageError(f'there is no status "{word}"', hint=f"write one of {' '.join(_STATUSES)}")
    return [Comparison(Field("attribute", "status"), sign, value)]


_STATUSES = ("scheduled", "running", "done", "failed", "killed")
_EXPERIMENT = Field("experiment", "name")
_TIMES: frozenset[Sign] = NUMERIC
_NAMES = TEXT | LISTS
OURS = Vocabulary(
    "runs",
    {
        "name": Attribute("name", _NAMES),
        "id": Attribute("id", _NAMES),
        "experiment": Attribute("experiment", _NAMES, read=_experiment),
        "status": Attribute("status", _NAMES - {"like", "ilike"}, read=_status),
        "started": Attribute("started", _TIMES, read=_when("started")),
        "ended": Attribute("ended", _TIMES | NULLS, read=_when("ended")),
        "source": Attribute("source", _NAMES),
        "actor": Attribute("actor", _NAMES),
        "parent": Attribute("parent", _NAMES | NULLS),
    },
    {
        "metrics": Labels("metric", NUMERIC | NULLS, numeric=True),
        "params": Labels("param", TEXT | LISTS | NULLS),
        "tags": Labels("tag", TEXT | LISTS | NULLS),
        "datasets": Labels("dataset", TEXT | LISTS, keys=("name", "digest")),
    },
    prefixes=("runs", "run"),
    order_labels=("metric", "param", "tag"),
    plain=True,
)
