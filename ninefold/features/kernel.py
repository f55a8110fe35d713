"""The batch kernel: window aggregates as known at each question, for all questions at once.

Questions are sorted once by (entity, time); each row is alive over one stretch of them (:mod:`alive`); stretches are
reduced to answers (:mod:`reduce`). The cost is O((rows + questions) · log), whatever the windows.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError, closest
from ninefold.features import reduce
from ninefold.features.aggregate import Aggregate
from ninefold.features.alive import Alive, Asked, Rows, alive, begin, end, newest
from ninefold.features.entities import codes
from ninefold.features.expression import rowwise
from ninefold.features.features import Features
from ninefold.features.reading import entity_columns, reads
from ninefold.features.rows import NEVER, clean, event, gone, known, micros, sequence
from ninefold.tables.table import Table

Int = NDArray[np.int64]


def compute(view: pl.DataFrame, questions: pl.DataFrame, group: Features, table: Table | None, *, q: str = "__q") -> pl.DataFrame:
    """One column for each aggregate of the group, one row for each question, in the questions' order.

    ``view`` holds the table's rows with the hidden columns of a view (``__k`` and so on; what is missing follows from the
    table's moments). ``questions`` holds the entity's columns and the question time ``q`` (µs UTC or a timestamp).
    A question without an entity or a time has null everywhere. Raises DataError for missing columns and types that do not fit.
    """
    work = _Work(view, questions, group, table, micros(questions[q]))
    return pl.DataFrame([work.column(name, aggregate) for name, aggregate in group.aggregates])


@dataclass(slots=True)
class _Work:
    """One computation; what several aggregates of the group share is computed once."""

    view: pl.DataFrame
    questions: pl.DataFrame
    group: Features
    table: Table | None
    q: pl.Series
    entities: dict[Any, tuple[Asked, Int]] = field(default_factory=dict)
    rows: dict[Any, Rows] = field(default_factory=dict)
    lows: dict[Any, Int] = field(default_factory=dict)
    stretches: dict[Any, Alive] = field(default_factory=dict)
    known: dict[Any, tuple[int, Int]] = field(default_factory=dict)

    def column(self, name: str, aggregate: Aggregate) -> pl.Series:
        """The answers of one aggregate."""
        asked, rows, stretch = self._alive(aggregate)
        try:
            answers = _Answers(asked, rows, stretch, self.view, aggregate).series()
        except pl.exceptions.PolarsError as error:
            raise DataError(f"the feature {name!r}: {error}") from error
        # from sorted questions back to the frame's order; questions of nobody have none
        place = np.full(self.questions.height, -1, np.int64)
        place[asked.order] = np.arange(asked.count)
        if asked.count == self.questions.height:
            return answers.gather(place).alias(name)
        return _take(answers, place).alias(name)

    def _alive(self, aggregate: Aggregate) -> tuple[Asked, Rows, Alive]:
        asked, rows, who = self._rows(aggregate)
        window, ahead, before, same = aggregate.window, aggregate.ahead, aggregate.before, self.group.same_instant
        starts = (*who, window if ahead else None, ahead, before)
        which = (*starts, window, aggregate.rows)
        if which not in self.stretches:
            stop = end(rows, window, ahead, before, same)
            if aggregate.rows is not None:
                found = newest(asked, rows, begin(rows, window, ahead, before, same), stop, aggregate.rows)
            else:
                if starts not in self.lows:
                    self.lows[starts] = asked.after(rows.entity, begin(rows, window, ahead, before, same))
                found = alive(asked, rows, self.lows[starts], stop)
            self.stretches[which] = found
        return asked, rows, self.stretches[which]

    def _rows(self, aggregate: Aggregate) -> tuple[Asked, Rows, tuple[Any, ...]]:
        rows_by, by = entity_columns(self.group, aggregate)
        if (rows_by, by) not in self.entities:
            row_entity, entity = codes(self.view, rows_by, self.questions, by)
            asking = np.where(self.q.is_null().to_numpy(), -1, entity)
            self.entities[rows_by, by] = (Asked.sort(asking, self.q.fill_null(0).to_numpy()), row_entity)
        asked, entity = self.entities[rows_by, by]
        which_k, k = self._known(reads(self.group, aggregate, self.table))
        condition = "" if aggregate.where is None else str(aggregate.where.meta.serialize(format="json"))
        who = (rows_by, by, which_k, condition)
        if who not in self.rows:
            e = event(self.view, self.group, self.table)
            use = (entity >= 0) & (entity <= asked.last) & (k < NEVER) & e.is_not_null().to_numpy()
            if aggregate.where is not None:
                use &= self._where(aggregate)
            index = np.flatnonzero(use)
            ends = gone(self.view)
            self.rows[who] = Rows(
                entity[index], e.fill_null(0).to_numpy()[index], k[index], sequence(self.view)[index], None if ends is None else ends[index], index
            )
        return asked, self.rows[who], who

    def _known(self, columns: tuple[str, ...]) -> tuple[int, Int]:
        """Known times, and a number that says which: sets of columns that were known at the same times share their work."""
        if columns not in self.known:
            k = known(self.view, self.table, columns)
            same = next((number for number, other in self.known.values() if np.array_equal(other, k)), len(self.known))
            self.known[columns] = (same, k)
        return self.known[columns]

    def _where(self, aggregate: Aggregate) -> NDArray[np.bool_]:
        for column in aggregate.where.meta.root_names():
            if column not in self.view.columns:
                raise DataError(f'where= reads the column "{column}", which the rows do not have', hint=closest(column, self.view.columns))
        rowwise(aggregate.where, "where=")
        read = self.view.select(clean(self.view[c]) for c in aggregate.where.meta.root_names())
        holds = read.select(aggregate.where.alias("holds")).to_series()
        if holds.dtype != pl.Boolean:
            raise DataError(f"where= gives {holds.dtype}, not true or false", hint='compare: where=pl.col("minutes") == 0')
        if len(holds) != self.view.height:
            raise DataError("where= reads no column", hint="write a condition on each row")
        return holds.fill_null(False).to_numpy()


@dataclass(slots=True)
class _Answers:
    """The reduction of one aggregate: answers by sorted question."""

    asked: Asked
    rows: Rows
    stretch: Alive
    view: pl.DataFrame
    aggregate: Aggregate

    def series(self) -> pl.Series:
        op, empty = self.aggregate.op, self.aggregate.empty
        values = None if self.aggregate.column is None else self._values(self.aggregate.column)
        if op in ("first", "last"):
            return self._end_of_order(values, op == "first")
        if values is not None:
            self._keep(values.is_not_null().to_numpy())
            values = values.filter(values.is_not_null())
        n = self._counts()
        if op == "count" or (op == "any" and values is None):
            answer = pl.Series(n) if op == "count" else pl.Series(n > 0)
            none = 0 if op == "count" else False
            return answer if empty is None or empty == none else _fill(answer, n == 0, empty)
        assert values is not None  # every other operation names a column
        return _fill(self._reduced(op, values, n), n == 0, empty)

    def _values(self, column: str) -> pl.Series:
        """The column's values, stretch by stretch."""
        if column not in self.view.columns:
            raise DataError(f'the rows have no column "{column}"', hint=closest(column, self.view.columns))
        return clean(self.view[column].gather(self.rows.index[self.stretch.rows]))

    def _keep(self, these: NDArray[np.bool_]) -> None:
        if not these.all():
            s = self.stretch
            self.stretch = Alive(s.rows[these], s.low[these], s.high[these])

    def _counts(self) -> Int:
        return reduce.counts(self.stretch.low, self.stretch.high, self.asked.count)

    def _reduced(self, op: str, values: pl.Series, n: Int) -> pl.Series:
        low, high, m = self.stretch.low, self.stretch.high, self.asked.count
        if op in ("min", "max"):
            return self._best(values, values.arg_sort(descending=op == "min").to_numpy())
        if op == "distinct":
            value = codes(pl.DataFrame({"v": values}), ["v"], pl.DataFrame({"v": values.head(0)}), ["v"])[0]
            entity = self.rows.entity[self.stretch.rows]
            both = np.unique(entity, return_inverse=True)[1] * (int(value.max(initial=0)) + 1) + value
            return pl.Series(reduce.distincts(low, high, both, m))
        if op == "any":
            if values.dtype != pl.Boolean:
                raise DataError(f'nf.any reads "{self.aggregate.column}", which is {values.dtype}', hint="name a column of true and false")
            true = values.to_numpy()
            return pl.Series(reduce.counts(low[true], high[true], m) > 0)
        numbers, scale = _numbers(values, op)
        if op == "quantile":
            assert self.aggregate.q is not None
            return pl.Series(reduce.quantiles(low, high, numbers.astype(np.float64) / scale, self.aggregate.q, m)).fill_nan(None)
        if op == "std":
            _, variance = reduce.variances(low, high, numbers, self._center(numbers), m)
            return pl.Series(np.sqrt(variance) / scale).fill_nan(None)
        whole = numbers.dtype.kind == "i"
        sums: NDArray[Any] = reduce.int_sums(low, high, numbers, m) if whole else reduce.float_sums(low, high, numbers, m)
        if op == "mean":
            return pl.Series(sums / np.maximum(n, 1) / scale)
        return pl.Series(sums if scale == 1 else sums / scale)

    def _center(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """A value near each number: its entity's mean, whole for whole numbers."""
        who, code = np.unique(self.rows.entity[self.stretch.rows], return_inverse=True)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(code, numbers.astype(np.float64), len(who)) / np.maximum(np.bincount(code, minlength=len(who)), 1)
        near = np.where(np.isfinite(mean), mean, 0.0)[code]
        return np.rint(near).astype(np.int64) if numbers.dtype.kind == "i" else near

    def _end_of_order(self, values: pl.Series | None, first: bool) -> pl.Series:
        if values is None:
            raise DataError(f"nf.{self.aggregate.op} names no column")
        rows, s = self.rows, self.stretch.rows
        order = np.lexsort((rows.seq[s], rows.k[s], rows.e[s]))
        return _fill(self._best(values, order[::-1] if first else order), self._counts() == 0, self.aggregate.empty)

    def _best(self, values: pl.Series, order: NDArray[Any]) -> pl.Series:
        """The value that stands last in ``order`` among those alive at each question; null where none is."""
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        best = reduce.greatest(self.stretch.low, self.stretch.high, rank, self.asked.count)
        chosen = np.append(order.astype(np.int64), -1)[best]
        return _take(values, chosen)


def _numbers(values: pl.Series, op: str) -> tuple[NDArray[Any], int]:
    """Whole numbers (int64) or doubles, and the power of ten that whole numbers stand for (decimals are exact)."""
    kind = values.dtype
    if isinstance(kind, pl.Decimal):
        scale = 10 ** int(kind.scale)
        return (values * scale).cast(pl.Int64).to_numpy(), scale
    if kind.is_integer() or kind == pl.Boolean:
        return values.cast(pl.Int64).to_numpy(), 1
    if kind.is_float() or kind == pl.Null:
        return values.cast(pl.Float64).to_numpy(), 1
    raise DataError(f"nf.{op} over a column of {kind}", hint="name a column of numbers")


def _take(values: pl.Series, place: Int) -> pl.Series:
    """The values at these places, null at place -1."""
    if not len(values):
        return pl.Series([None] * len(place), dtype=values.dtype)
    found = pl.Series("place", place)
    return values.gather(found.to_frame().select(pl.when(pl.col("place") >= 0).then(pl.col("place"))).to_series())


def _fill(answer: pl.Series, none: NDArray[np.bool_], empty: Any) -> pl.Series:
    """``empty`` (or null) where nothing was there to aggregate."""
    if not none.any():
        return answer
    frame = pl.DataFrame({"answer": answer, "none": none})
    filler = pl.lit(None) if empty is None else pl.lit(empty)
    return frame.select(pl.when(pl.col("none")).then(filler).otherwise(pl.col("answer")).alias("answer")).to_series()
