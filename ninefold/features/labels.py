"""Labels: the truth of each question once it is mature; settled, void, or still open."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ninefold.errors import DataError, DeclarationError, closest
from ninefold.features.aggregate import Aggregate
from ninefold.features.features import Features
from ninefold.features.kernel import compute
from ninefold.features.questions import Q
from ninefold.features.rows import NEVER, clean, event, gone, known
from ninefold.problems.target import Ahead, Target
from ninefold.tables.known import identity
from ninefold.tables.table import Table
from ninefold.units import duration_text

LABEL, STATE, MATURE, TOLD = "__label", "__state", "__mature", "__told"
_SHARE = 0.999  # of the labels are known by the default maturity

Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Maturity:
    """How long after its question a label counts: ``horizon`` + ``settle``, µs, and where the numbers come from."""

    horizon: int
    settle: int
    source: Literal["declared", "measured"]

    @property
    def after(self) -> int:
        return self.horizon + self.settle

    def __str__(self) -> str:
        return f"{duration_text(self.after)} ({self.source})"


@dataclass(frozen=True, slots=True)
class Labelled:
    """``frame``: the questions with ``__label``, ``__state`` (settled, void, open), ``__mature`` and ``__told`` (µs UTC)."""

    frame: pl.DataFrame
    maturity: Maturity


def labels(
    asked: pl.DataFrame,
    target: Target,
    table: Table,
    view: pl.DataFrame,
    as_of: int | None = None,
    *,
    ahead: tuple[Table, pl.DataFrame] | None = None,
    void: pl.Series | None = None,
    maturity: Maturity | None = None,
) -> Labelled:
    """Add to questions their label, and whether it counts.

    ``table`` and ``view`` are what was asked about; ``ahead`` the table and view that an ``nf.ahead`` counts in. A
    question is open until it matures (``__mature`` < ``as_of``; without ``as_of`` every question has), whatever is
    known of it; then settled with the label known by then, or void. A label that came later stays out; ``__told`` says
    when it came (columns only). ``void`` marks questions that the caller calls so. ``maturity`` fixes one recorded earlier.
    """
    ripe = maturity or mature_after(asked, target, table, view, ahead=ahead)
    q = asked[Q].to_numpy()
    mature = q + ripe.after
    if isinstance(target.label, Ahead):
        label, told = _ahead(asked, target.label, table, _needed(ahead), ripe), np.full(len(q), NEVER)
    else:
        label, told = _column(asked, target.label, table, view)
    open_ = mature >= as_of if as_of is not None else np.zeros(len(q), bool)
    late = told > mature if not isinstance(target.label, Ahead) else np.zeros(len(q), bool)
    empty = label.is_null().to_numpy() | late
    if void is not None:
        empty |= void.fill_null(False).to_numpy()
    state = np.where(open_, "open", np.where(empty, "void", "settled"))
    counts = pl.Series("counts", state == "settled")
    only = pl.DataFrame([label.alias(LABEL), counts]).select(pl.when(pl.col("counts")).then(pl.col(LABEL)).alias(LABEL)).to_series()
    when = pl.DataFrame({TOLD: told}).select(pl.when(pl.col(TOLD) < NEVER).then(pl.col(TOLD)).alias(TOLD)).to_series()
    return Labelled(asked.with_columns(only, pl.Series(STATE, state), pl.Series(MATURE, mature), when), ripe)


def mature_after(
    asked: pl.DataFrame, target: Target, table: Table, view: pl.DataFrame, *, ahead: tuple[Table, pl.DataFrame] | None = None
) -> Maturity:
    """When a question is mature: as declared, else when 99.9 % of the labels were known in the past."""
    horizon = target.label.window if isinstance(target.label, Ahead) else 0
    if target.matures is not None:
        if target.matures < horizon:
            raise DeclarationError(
                f"matures after {duration_text(target.matures)}, but the label looks {duration_text(horizon)} ahead",
                hint="leave matures= out, or make it at least the window",
            )
        return Maturity(horizon, target.matures - horizon, "declared")
    if isinstance(target.label, Ahead):
        if target.settle:
            return Maturity(horizon, target.settle, "declared")
        return Maturity(horizon, _percentile(_lag_of_rows(target.label, *_needed(ahead))), "measured")
    label, told = _column(asked, target.label, table, view)
    some = label.is_not_null().to_numpy() & (told < NEVER)
    return Maturity(_percentile((told - asked[Q].to_numpy())[some]), target.settle, "measured")


def _column(asked: pl.DataFrame, column: str, table: Table, view: pl.DataFrame) -> tuple[pl.Series, Int]:
    """The newest value of the label's column for each question, and when it was known."""
    if column not in view.columns:
        raise DataError(f'the label "{column}" is no column of the rows', hint=closest(column, view.columns))
    keys = identity(table)
    newest = view.select(*keys, pl.Series("__value", clean(view[column])), pl.Series("__k", known(view, table, [column])))
    replaced = gone(view)
    if replaced is not None:
        newest = newest.filter(pl.Series(replaced == NEVER))
    if newest.height == asked.height and newest.select(keys).equals(asked.select(keys)):
        found = newest
    else:
        found = asked.select(keys).join(newest.unique(keys, keep="last"), on=keys, how="left", maintain_order="left", nulls_equal=True)
    return found["__value"], found["__k"].fill_null(NEVER).to_numpy()


def _needed(ahead: tuple[Table, pl.DataFrame] | None) -> tuple[Table, pl.DataFrame]:
    if ahead is None:
        raise DataError("the label is nf.ahead(...), but the rows that it counts were not given", hint="pass ahead=(table, view)")
    return ahead


def _ahead(asked: pl.DataFrame, label: Ahead, table: Table, ahead: tuple[Table, pl.DataFrame], ripe: Maturity) -> pl.Series:
    """The aggregate over [q, q + window), of the rows known by maturity: a past window of the mature question."""
    aggregate: Aggregate = label.aggregate
    # no cancellation within the window is the answer no, not a question without an answer
    empty = False if aggregate.op == "any" and aggregate.empty is None else aggregate.empty
    shifted = replace(aggregate, window=label.window, ahead=False, before=ripe.settle, empty=empty)
    group = Features(ahead[0], by=list(label.by or table.key), columns={"label": shifted})
    mature = asked.with_columns((pl.col(Q) + ripe.after).alias(Q))
    return compute(ahead[1], mature, group, ahead[0])["label"]


def _lag_of_rows(label: Ahead, table: Table, view: pl.DataFrame) -> Int:
    if table.time is None:
        raise DataError("the label's rows have no event time", hint="give the table a time=")
    e = event(view, Features(table, by=[], columns={"label": Aggregate("count", None, label.window)}), table)
    k = known(view, table, label.aggregate.columns)
    some = e.is_not_null().to_numpy() & (k < NEVER)
    lags: Int = np.maximum(k[some] - e.fill_null(0).to_numpy()[some], 0)
    return lags


def _percentile(lags: Int) -> int:
    return max(int(np.quantile(lags, _SHARE, method="higher")), 0) if len(lags) else 0
