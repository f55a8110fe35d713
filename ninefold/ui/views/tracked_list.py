"""Runs of scripts and of other clients: found by a filter, in the order and with the columns that were asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

import msgspec

from ninefold.errors import UsageError
from ninefold.ledger import Ledger
from ninefold.runs.many import Detail, details
from ninefold.runs.run import Run
from ninefold.runs.searching.asking import search
from ninefold.ui.reading import Reading

PAGE = 50
MOST = 12  # columns of values
CHOSEN = (4, 3)  # metrics and parameters that are shown where nobody chose
_SYSTEM = ("system/",)
_EXPERIMENTS = "select id, name from experiments where project = ? and state = 'active' order by id desc limit 200"


class TrackedQuery(msgspec.Struct):
    """``where`` filters (``metrics.auc > 0.7 and params.leaves = 31``), ``order`` sorts (``-metrics.auc``), ``show`` are the columns
    (``metrics.auc,params.lr``), ``after`` is the token of the page before.
    """

    where: str = ""
    order: str = ""
    show: str = ""
    experiment: str = ""
    after: str = ""

    @property
    def asked(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.where or self.order or self.show or self.experiment or self.after)

    def path(self, **change: str) -> str:
        """The page with another order, filter or place; it begins again at the first page.

        >>> TrackedQuery(where="status = done", after="x").path(order="name")
        '/runs?where=status+%3D+done&order=name'
        """
        given = {**msgspec.structs.asdict(self), "after": "", **change}
        text = urlencode({name: value for name, value in given.items() if value})
        return f"/runs?{text}" if text else "/runs"


class Tracked(msgspec.Struct):
    """A run. ``cells`` are the values of the chosen columns, None where it has none."""

    id: str
    path: str
    experiment: str
    name: str
    status: str
    started: int
    ended: int | None
    cells: list[str | float | None] = []


class Column(msgspec.Struct):
    """A chosen column: ``key`` is ``metrics.auc``; ``path`` orders by it; ``order`` is "up" or "down" where the page is ordered by it."""

    key: str
    name: str
    path: str
    order: str
    number: bool


class TrackedList(msgspec.Struct):
    """A page of runs; ``wrong`` says what is wrong with what was asked, ``following`` is the path of the next page."""

    runs: list[Tracked]
    columns: list[Column]
    heads: dict[str, Column]
    experiments: list[str]
    where: str
    order: str
    show: str
    experiment: str
    wrong: str = ""
    hint: str = ""
    following: str | None = None


def tracked_list(reading: Reading, query: TrackedQuery) -> TrackedList:
    """The page that a query asks for."""
    ledger = reading.home.ledger
    names = {row["id"]: row["name"] for row in ledger.all(_EXPERIMENTS, reading.project)}
    page = TrackedList([], [], {}, list(names.values()), query.where, query.order, query.show, query.experiment)
    try:
        found = search(
            ledger, reading.project, query.where, experiment=query.experiment or None, order=query.order, limit=PAGE, token=query.after or None
        )
    except UsageError as error:
        page.wrong, page.hint = str(error), error.hint
        return page
    whole = details(ledger, [run.id for run in found])
    keys = _keys(query.show) or _usual(whole.values())
    page.columns = [_column(query, key) for key in keys]
    page.heads = {name: _column(query, name) for name in ("name", "status", "started")}
    page.runs = [tracked(run, names, ledger, _cells(whole[run.id], keys)) for run in found]
    page.following = query.path(after=found.token) if found.token else None
    return page


def tracked(run: Run, names: dict[int, str], ledger: Ledger, cells: list[str | float | None] | None = None) -> Tracked:
    """A run as a line."""
    if run.experiment not in names:
        row = ledger.one("select name from experiments where project = ? and id = ?", run.project, run.experiment)
        names[run.experiment] = row["name"] if row is not None else str(run.experiment)
    return Tracked(run.id, f"/runs/{run.id}", names[run.experiment], run.name, run.status, run.started, run.ended, cells or [])


def _keys(show: str) -> list[str]:
    return list(dict.fromkeys(key.strip() for key in show.split(",") if key.strip().partition(".")[0] in _KINDS and "." in key))[:MOST]


def _usual(found: Iterable[Detail]) -> list[str]:
    """The metrics and parameters that most of these runs have; parameters that are the same everywhere tell nothing."""
    whole = list(found)
    metrics = Counter(point.key for one in whole for point in one.metrics if not point.key.startswith(_SYSTEM))
    params = Counter(key for one in whole for key in one.params)
    telling = {key for key in params if len({one.params.get(key) for one in whole}) > 1 or len(whole) == 1}
    most = [f"metrics.{key}" for key, n in metrics.most_common(CHOSEN[0]) if n * 4 >= len(whole)]
    return [*most, *[f"params.{key}" for key, _ in params.most_common() if key in telling][: CHOSEN[1]]]


def _column(query: TrackedQuery, key: str) -> Column:
    down = query.order == f"-{key}"
    metric = key.startswith("metrics.")
    # a metric's greatest values come first, and so do the newest runs; another click turns it round
    first = f"-{key}" if metric or key == "started" else key
    turned = key if query.order == first and first != key else f"-{key}" if query.order == first else first
    name = key.partition(".")[2] or key
    return Column(key, name, query.path(order=turned), "down" if down else "up" if query.order == key else "", metric)


def _cells(one: Detail, keys: Sequence[str]) -> list[str | float | None]:
    metrics = {point.key: point.value for point in one.metrics}
    tables = {"metrics": metrics, "params": one.params, "tags": one.tags}
    return [tables[kind].get(key) for kind, _, key in (key.partition(".") for key in keys)]  # type: ignore[attr-defined]


_KINDS = {"metrics", "params", "tags"}
