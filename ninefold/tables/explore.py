"""Looking at a table for what a person would want to know first: columns that tell the label though they should not, and beliefs worth testing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ninefold.errors import DataError, closest
from ninefold.tables.known import K, hidden, k_of
from ninefold.tables.tells import as_numbers, codes, told
from ninefold.units import many

TELLS_ALL = 0.95
"""Above this (ROC AUC, or share of variance) one column alone tells nearly everything: no honest input does."""
PURE = 0.98
FEW = 30


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that says more than was known: ``how`` it tells, how strongly (0 to 1), and what to do."""

    column: str
    how: str
    strength: float
    advice: str

    def __str__(self) -> str:
        return f"{self.column}: {self.how} ({self.strength:.2f}). {self.advice}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A belief worth testing, in words and as the line to put into the file."""

    text: str
    code: str
    strength: float


def leaks(
    view: pl.DataFrame, label: str, columns: Sequence[str] | None = None, known: Iterable[str] | None = None, *, time: str | None = None
) -> list[Leak]:
    """Columns of ``view`` that tell ``label`` though they should not, the strongest first.

    ``columns`` are those that may become inputs (default: all), ``known`` those that the table declares as known later
    (default: those of ``columns`` that carry a later known time in the view, which are left alone unless they are asked for in
    ``columns``). Found are: a column equal to the label or telling nearly all of it; one whose *missing* values, or one
    of whose values, settles the label or that it never comes; one that is known only later; one that encodes ``time``.

    >>> frame = pl.DataFrame({"late": [True, False] * 100, "landed_late": [1, 0] * 100, "day": [1, 1, 2, 2] * 50})
    >>> [leak.column for leak in leaks(frame, "late")]
    ['landed_late']
    """
    if label not in view.columns:
        raise DataError(f'there is no column "{label}"', hint=closest(label, [c for c in view.columns if not hidden(c)]))
    later = set(known) if known is not None else {c for c in view.columns if k_of(c) in view.columns}
    asked = [c for c in (columns or view.columns) if c != label and not hidden(c) and c in view.columns]
    found: list[Leak] = []
    for column in asked:
        if column in later:
            if columns is not None:
                found.append(_known_later(view, column))
            continue
        leak = _value_tells(view, column, label) or _missing_tells(view, column, label) or _encodes_time(view, column, time)
        if leak:
            found.append(leak)
    return sorted(found, key=lambda leak: -leak.strength)


def _known_later(view: pl.DataFrame, column: str) -> Leak:
    share = 1.0
    if k_of(column) in view.columns and K in view.columns:
        share = float((view[k_of(column)] > view[K]).fill_null(True).mean() or 0.0)  # type: ignore[arg-type]
    return Leak(column, "it comes to be known after its row", share, f'take nf.last("{column}", ...) of earlier rows, or leave it out')


def _value_tells(view: pl.DataFrame, column: str, label: str) -> Leak | None:
    rows = view.select(column, label).drop_nulls(label)
    if rows.height < FEW or rows[label].n_unique() < 2:
        return None
    if rows[column].dtype == rows[label].dtype and (rows[column] == rows[label]).fill_null(False).all():
        return Leak(column, f'it equals "{label}"', 1.0, "leave it out")
    truth, binary = as_numbers(rows[label])
    strength = told(codes(rows[column]), truth, binary)
    if strength < TELLS_ALL:
        return None
    return Leak(column, f'its value alone tells "{label}"', strength, f'if it is known only later, say so: later={{"{column}": "<when>"}}')


def _missing_tells(view: pl.DataFrame, column: str, label: str) -> Leak | None:
    """Missing values that settle the label, or that there will be none."""
    missing = view[column].is_null()
    gone = int(missing.sum())
    if not FEW <= gone <= view.height - FEW:
        return None
    never = view[label].is_null()
    share, base = float(never.filter(missing).mean() or 0), float(never.mean() or 0)  # type: ignore[arg-type]
    advice = f'its absence is known only afterwards: drop "{column}", or take it from where it is known in time'
    if share >= PURE and base < 0.9 and _surprising(share, base, gone):
        return Leak(column, f'where it is missing "{label}" never comes ({many(gone, "row")}, {share:.1%}; {base:.1%} over all)', share, advice)
    rows = view.filter(missing & ~never)[label]
    if rows.len() < FEW or view[label].drop_nulls().n_unique() < 2 or not as_numbers(view[label].drop_nulls())[1]:
        return None
    value = rows.value_counts(sort=True, name="__n")[rows.name][0]
    share, base = float((rows == value).mean() or 0), float((view[label] == value).mean() or 0)
    if share >= PURE and base < 0.9 and _surprising(share, base, rows.len()):
        return Leak(column, f'where it is missing "{label}" is {value} ({many(rows.len(), "row")}, {share:.1%}; {base:.1%} over all)', share, advice)
    return None


def _surprising(share: float, base: float, rows: int) -> bool:
    """Whether a share is ten standard errors away from what chance would give."""
    return share - base > 10 * float(np.sqrt(max(base * (1 - base), 1e-6) / rows))


def _encodes_time(view: pl.DataFrame, column: str, time: str | None) -> Leak | None:
    if time is None or column == time or time not in view.columns or view[column].dtype.is_temporal() or view[column].dtype.is_nested():
        return None
    rows = view.select(column, time).drop_nulls()
    if rows.height < FEW or rows[column].n_unique() < 0.9 * rows.height:
        return None
    order = float(abs(rows.select(pl.corr(pl.col(column).rank(), pl.col(time).rank())).item() or 0))
    if order < TELLS_ALL:
        return None
    return Leak(column, "it numbers the rows in order of time", order, "leave it out: a model learns the date from it, which tomorrow is a new one")


def proposals(view: pl.DataFrame, label: str, columns: Sequence[str] | None = None, *, target: str | None = None, at_most: int = 8) -> list[Proposal]:
    """Beliefs that the rows suggest, each with its line of code: columns associated with the label, and pairs of columns
    that tell more together than the better one alone. They are found on the rows given: the test needs newer ones.
    """
    suspicious = {leak.column for leak in leaks(view, label, columns)}
    rows = view.drop_nulls(label)
    if rows.height < 2 * FEW or rows[label].n_unique() < 2:
        return []
    truth, binary = as_numbers(rows[label])
    floor = 0.5 if binary else 0.0
    honest = [c for c in (columns or rows.columns) if c != label and c not in suspicious and k_of(c) not in rows.columns]
    names = [c for c in honest if not hidden(c) and _usable(rows[c])]
    groups = {c: codes(rows[c]) for c in names}
    alone = {c: told(g, truth, binary) for c, g in groups.items()}
    best = sorted(alone, key=lambda c: -alone[c])
    found = [
        Proposal(
            f'"{c}" tells something about "{label}"', _line(f"{c} is associated with {label}", f'nf.associated("{c}", "{target or label}")'), alone[c]
        )
        for c in best
        if alone[c] >= floor + 0.03
    ]
    for left, right in [(a, b) for i, a in enumerate(best[:5]) for b in best[i + 1 : 5]]:
        together = told(np.unique(groups[left] * (int(groups[right].max()) + 1) + groups[right], return_inverse=True)[1], truth, binary)
        if together >= max(alone[left], alone[right]) + 0.02:
            code = f'{left}_{right} = nf.Features({left}_{right}=pl.concat_str("{left}", "{right}", separator=" "))'
            found.append(Proposal(f'"{left}" and "{right}" together tell more about "{label}" than either alone', code, together))
    return sorted(found, key=lambda p: -p.strength)[:at_most]


def _usable(values: pl.Series) -> bool:
    return not values.dtype.is_nested() and not values.dtype.is_temporal() and values.n_unique() <= max(50, values.len() // 20)


def _line(text: str, test: str) -> str:
    name = "".join(ch if ch.isalnum() else "_" for ch in text.split(" ", 1)[0]).lower()
    return f'{name}_matters = nf.Hypothesis("{text}", {test})'
