"""Finding runs. A page costs what it shows: an index is walked in the order that was asked for, from where the last page ended.

Three ways lead to the same rows. Where a condition leaves few runs, these are taken and sorted. Else an order by a metric, a label or
the start walks the index that has it, and tries the conditions on each run. Else everything in the experiments is sorted.
"""

from collections.abc import Sequence
from typing import Any

from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import Column, Noun, Sql, Table, condition, one_of, row_says
from ninefold.runs.searching.filters import NUMERIC, Comparison, Field, Order, State
from ninefold.runs.searching.finding import Keys, Part, check_limit, column_of, cut, rows
from ninefold.runs.searching.keyset import Term, decode, query_digest
from ninefold.runs.searching.ordering import MISSING, NAN, NUMBER, Place, joins, places, terms
from ninefold.runs.searching.patterns import Patterns

_FEW = 2000  # runs that are looked up one by one and sorted, rather than found on a walk
_WALKS = 16  # at most so many parts are walked side by side
_STEPS, _ELSEWHERE = 400, 4  # a label is walked where of its first steps one in so many is at a run that is searched
_TIE = "x.run = r.id"

RUNS = Noun(
    "runs",
    "runs r",
    {
        "id": Column("r.id"),
        "name": Column("r.name"),
        "experiment": Column("r.experiment", "int"),
        # what went wrong first
        "status": Column(
            "r.status", order="case r.status when 'failed' then 0 when 'done' then 1 when 'killed' then 2 when 'running' then 3 else 4 end"
        ),
        "started": Column("r.started", "int"),
        "ended": Column("r.ended", "int", nullable=True),
        "updated": Column("r.updated", "int"),
        "parent": Column("r.parent", nullable=True),
        "root": Column("r.root"),
        "source": Column("r.source"),
        "actor": Column("r.actor"),
    },
    {
        "param": Table("params", _TIE),
        "tag": Table("tags", _TIE),
        "metric": Table("series", _TIE, numbers=True),
        "dataset": Table("inputs", _TIE, columns={"name": "x.name", "digest": "x.digest"}),
        "input_tag": Table("inputs", _TIE, json="x.tags"),
        "experiment": Table("experiments", "x.project = r.project and x.id = r.experiment", columns={"name": "x.name"}),
    },
)
_ID = Field("attribute", "id")
_TIES = (Order(Field("attribute", "started"), descending=True), Order(_ID))
_STARTED = _TIES[0].field


def search_runs(
    ledger: Ledger,
    project: str,
    experiments: Sequence[int] | None,
    filters: Sequence[Comparison] = (),
    *,
    state: State = "active",
    order: Sequence[Order] = (),
    limit: int = 1000,
    token: str | None = None,
) -> tuple[list[str], str | None]:
    """The ids of a page of runs that meet all filters, and the token of the next page (None after the last one).

    ``experiments`` None means all of the project. Metrics are compared by their newest values. Without an order the newest come
    first. UsageError for fields that runs do not have, and for a token of another query.
    """
    check_limit(limit)
    return _Search(ledger, project, experiments, filters, state, order).page(limit, token)


class _Search:
    def __init__(
        self, ledger: Ledger, project: str, experiments: Sequence[int] | None, filters: Sequence[Comparison], state: State, order: Sequence[Order]
    ) -> None:
        self.ledger, self.project, self.filters = ledger, project, filters
        self.experiments = None if experiments is None else sorted(set(experiments))
        self.states = ("active", "deleted") if state == "all" else (state,)
        self.patterns = Patterns.of(ledger)
        self.places = places(RUNS, order, _TIES)
        self.terms = terms(self.places)
        self.digest = query_digest("runs", project, self.experiments, filters, self.states, order)
        self.conditions = [condition(RUNS, comparison, self.patterns) for comparison in filters]

    def page(self, limit: int, token: str | None) -> tuple[list[str], str | None]:
        last = decode(token, self.digest, self.terms)
        taken, after = cut(self._rows(last, limit + 1), limit, self.digest, self.terms)
        column = column_of(self.places, _ID)
        return list(dict.fromkeys(row[column] for row in taken)), after  # a metric may change between two statements of one page

    def _rows(self, last: list[Any] | None, limit: int) -> list[Keys]:
        if self.experiments == []:
            return []
        few, first = self._few(), self.places[0].order.field
        if few is not None:
            return self._sorted(last, limit, few) if few else []
        if first.kind == "metric" and self._walkable():
            return self._by_metric(last, limit)
        if first.kind in {"param", "tag"} and not first.otherwise and self._mostly_here(last):
            return self._by_label(last, limit)
        if first == _STARTED:
            return rows(self.ledger, self._parts(), self.terms, joins(self.places), self.conditions, last, limit)
        return self._sorted(last, limit)

    # where few runs can be meant

    def _few(self) -> list[str] | None:
        """The runs that the strictest condition leaves, where they are few; a superset of what is searched."""
        best: list[str] | None = None
        for comparison in self.filters:
            query = self._narrow(comparison)
            if query is not None:
                found = [row["run"] for row in self.ledger.all(f"{query.text} limit {_FEW + 1}", *query.args)]
                if len(found) <= _FEW and (best is None or len(found) < len(best)):
                    best = found
        return None if best is None else list(dict.fromkeys(best))

    def _narrow(self, comparison: Comparison) -> Sql | None:
        """The runs of one condition, where an index has them."""
        field, sign = comparison.field, comparison.sign
        if field.kind == "attribute" and field.key in {"id", "parent"} and sign in {"=", "in"}:
            found = condition(RUNS, comparison, self.patterns)
            return Sql(f"select r.id as run from runs r where {found.text}", found.args)
        if field.kind not in {"param", "tag", "metric", "dataset"} or comparison.missing or sign in {"!=", "not in", "is null"}:
            return None
        if field.otherwise and (field.otherwise != "parent" or sign not in {"=", "in"}):
            return None
        if field.kind == "dataset" and field.key != "name":
            return None
        table = RUNS.labels[field.kind]
        said = row_says(table, comparison, self.patterns)
        if field.kind == "metric":
            if self.experiments is None:
                return None
            said = Sql.all([Sql("x.project = ?", (self.project,)), one_of("x.experiment", self.experiments), said])
        found = Sql(f"select x.run from {table.name} x where {said.text}", said.args)
        if field.otherwise:
            own = condition(RUNS, Comparison(Field("attribute", field.otherwise), sign, comparison.value), self.patterns)
            return Sql(f"{found.text} union all select r.id from runs r where {own.text}", found.args + own.args)
        return found

    def _sorted(self, last: list[Any] | None, limit: int, few: Sequence[str] | None = None) -> list[Keys]:
        source, where = "runs r", self._scope()
        if few is not None:  # named first, or SQLite would rather look through the experiment
            source, where = "runs few cross join runs r", [one_of("few.id", few), Sql("r.id = few.id"), *where]
        return rows(self.ledger, [Part(source, *where)], self.terms, joins(self.places), self.conditions, last, limit)

    def _scope(self) -> list[Sql]:
        of = [] if self.experiments is None else [one_of("r.experiment", self.experiments)]
        return [Sql("r.project = ?", (self.project,)), *of, one_of("r.state", self.states)]

    # walks

    def _walkable(self) -> bool:
        if self.experiments is None:
            found = self.ledger.all(f"select id from experiments where project = ? limit {_WALKS + 1}", self.project)
            if not 0 < len(found) * len(self.states) <= _WALKS:
                return False
            self.experiments = [row["id"] for row in found]
        return len(self.experiments) * len(self.states) <= _WALKS

    def _parts(self, *where: Sql) -> list[Part]:
        """The runs by experiment and state, each in an index by start."""
        project = Sql("r.project = ?", (self.project,))
        if self.experiments is not None and len(self.experiments) * len(self.states) <= _WALKS:
            chosen = [[Sql("r.experiment = ?", (number,))] for number in self.experiments]
        else:
            chosen = [[] if self.experiments is None else [one_of("r.experiment", self.experiments)]]
        return [Part("runs r", project, *some, Sql("r.state = ?", (state,)), *where) for some in chosen for state in self.states]

    def _by_metric(self, last: list[Any] | None, limit: int) -> list[Keys]:
        """Numbers in the order of the index, then what is no number, then runs without the metric, as far as the page needs."""
        first, rest = self.places[0], self.places[1:]
        key, found = first.order.field.key, list[Keys]()
        for rank in self._ranks(key):
            if last is not None and rank < last[0]:
                continue
            if rank == MISSING and not self._some_without(key):
                continue
            here = last if last is not None and rank == last[0] else None
            wanted = limit - len(found)
            if rank == NUMBER:
                found += [(rank, *row) for row in self._numbers(first, rest, here and here[1:], wanted)]
            else:
                parts = self._series(key, rank) if rank == NAN else self._parts(_without(key))
                taken = rows(self.ledger, parts, terms(rest), joins(rest), self.conditions, here and here[2:], wanted)
                found += [(rank, 0.0, *row) for row in taken]
            if len(found) >= limit:
                break
        return found

    def _numbers(self, first: Place, rest: Sequence[Place], last: list[Any] | None, limit: int) -> list[Keys]:
        key, conditions = first.order.field.key, list[Sql]()
        for comparison, said in zip(self.filters, self.conditions, strict=True):
            own = comparison.field == first.order.field and comparison.sign in NUMERIC
            conditions.append(Sql(f"s.value {comparison.sign} ?", (comparison.value,)) if own else said)
        value = Term("s.value", "real", first.value.descending)
        return rows(self.ledger, self._series(key, NUMBER), [value, *terms(rest)], joins(rest), conditions, last, limit)

    def _series(self, key: str, rank: int) -> list[Part]:
        # the cross join tells SQLite, whose planner knows no sizes, to begin with the series: they come in order
        tie = Sql.all([Sql("r.id = s.run"), one_of("r.state", self.states)])
        return [
            Part(
                "series s cross join runs r",
                Sql("s.project = ? and s.experiment = ? and s.key = ? and s.nan = ?", (self.project, number, key, int(rank == NAN))),
                tie,
            )
            for number in self.experiments or ()
        ]

    def _mostly_here(self, last: list[Any] | None) -> bool:
        """Whether a walk along a label, which has no experiments in its index, does not mostly pass the runs of others: its first steps tell."""
        first = self.places[0]
        scope, table, way = Sql.all(self._scope()), RUNS.labels[first.order.field.kind].name, "desc" if first.value.descending else ""
        begin = Sql("") if last is None else Sql(f" and value {'<=' if way else '>='} ?", (last[1],))
        steps = f"select run from {table} where key = ?{begin.text} order by value {way} limit {_STEPS}"
        text = f"select count(*) as n, count(r.id) as here from ({steps}) s left join runs r on r.id = s.run and {scope.text}"
        seen = self.ledger.one(text, first.order.field.key, *begin.args, *scope.args)
        return seen is not None and seen["here"] * _ELSEWHERE >= seen["n"]

    def _by_label(self, last: list[Any] | None, limit: int) -> list[Keys]:
        """Runs in the order of a label's index, then those without it, as far as the page needs."""
        first, rest = self.places[0], self.places[1:]
        field, found = first.order.field, list[Keys]()
        table = RUNS.labels[field.kind].name
        if last is None or last[0] == NUMBER:
            part = Part(f"{table} s cross join runs r", Sql("s.key = ?", (field.key,)), Sql("r.id = s.run"), *self._scope())
            by = [Term("s.value", "text", first.value.descending), *terms(rest)]
            found += [(NUMBER, *row) for row in rows(self.ledger, [part], by, joins(rest), self.conditions, last and last[1:], limit)]
        needed = any(c.field == field and c.sign != "is null" and not c.missing for c in self.filters)
        if len(found) < limit and not needed:
            here = last[2:] if last is not None and last[0] == MISSING else None
            parts = self._parts(_without(field.key, table))
            taken = rows(self.ledger, parts, terms(rest), joins(rest), self.conditions, here, limit - len(found))
            found += [(MISSING, "", *row) for row in taken]
        return found

    def _ranks(self, key: str) -> list[int]:
        """Which kinds of values can meet the conditions on the metric itself."""
        signs = {comparison.sign for comparison in self.filters if comparison.field == Field("metric", key)}
        if signs & (NUMERIC - {"!="}):
            return [NUMBER]
        return [NUMBER, NAN] if "!=" in signs else [NUMBER, NAN, MISSING]

    def _some_without(self, key: str) -> bool:
        """Whether a run can be without the metric: a look at two indexes instead of at each run."""
        of = Sql.all([Sql("project = ?", (self.project,)), one_of("experiment", self.experiments or ())])
        runs = self.ledger.one(f"select count(*) as n from runs where {of.text}", *of.args)
        series = self.ledger.one(f"select count(*) as n from series where {of.text} and key = ?", *of.args, key)
        return runs is None or series is None or runs["n"] != series["n"]


def _without(key: str, table: str = "series") -> Sql:
    return Sql(f"not exists (select 1 from {table} x where x.run = r.id and x.key = ?)", (key,))
