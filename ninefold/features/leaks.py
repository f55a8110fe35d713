"""Leaks: what a model would read that is known only after its question. Found from the declarations, before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ninefold.errors import DeclarationError
from ninefold.features.aggregate import Aggregate
from ninefold.features.features import Features
from ninefold.features.reading import reads
from ninefold.problems.target import Target
from ninefold.tables.later import later_columns
from ninefold.tables.table import Table
from ninefold.units import Moment, duration_text

Groups = Sequence[tuple[str, Features, Table | None]]


@dataclass(frozen=True, slots=True)
class Leak:
    """A leak: what is wrong with the way out, and the names at which to look in the file, the nearest first."""

    error: DeclarationError
    names: tuple[str, ...]


def check_leaks(
    target: Target,
    table: Table,
    groups: Groups,
    bare: Sequence[str] = (),
    *,
    columns: Sequence[str] | None = None,
    others: Mapping[str, str] | None = None,
) -> list[Leak]:
    """Every leak of a model's inputs: each error names the column, the two times, and the way out.

    A bare column, the root of an expression, an entity or the question's own moment must be known at the question, so
    that no ``later=`` moment of the asked table comes after it. Windows cannot leak: a row counts from its known time on;
    those that can never see a row are refused with the same words. ``columns`` are the asked table's, where known;
    ``others`` are columns that something else reads at the question (a cost), with what reads them.

    >>> import ninefold as nf
    >>> trips = nf.Table("db:trips", key="id", time="leaves", later={"late": "arrives"})
    >>> print(check_leaks(nf.binary("late", of=trips, at="leaves - 2h"), trips, [], ["late"])[0].error)
    "late" is what is to be predicted: it is known at arrives, and the question is asked at leaves - 2h
    """
    found = [leak for column in bare for leak in _column(target, table, column)]
    if target.at is not None:
        found += _column(target, table, target.at.column, f'at="{target.at}"', own=True)
    for name, group, source in groups:
        asked_by = {c for _, a in group.aggregates for c in (a.by or ())} | set(group.by)
        for column in sorted(asked_by):
            if columns is None or column in columns:
                found += _column(target, table, column, f"the entity of {name}", name)
        for feature, expression in group.expressions:
            for column in expression.meta.root_names():
                if column not in group.names:
                    found += _column(target, table, column, f"{name}.{feature}", name)
        for feature, aggregate in group.aggregates:
            found += [Leak(error, (feature, name)) for error in _window(f"{name}.{feature}", group, aggregate, source)]
    for column, reader in (others or {}).items():
        found += _column(target, table, column, reader)
    return found


def _column(target: Target, table: Table, column: str, reader: str = "", name: str = "", *, own: bool = False) -> list[Leak]:
    """The leak of a column that is read with the question itself."""
    label = target.label if isinstance(target.label, str) else None
    moment = later_columns(table).get(column)
    what = f'"{column}"' + (f" (read by {reader})" if reader else "")
    names = tuple(n for n in (column, name) if n)
    if column == label and not own:
        known = moment if moment is not None else table.known
        when = f"at {known}" if known is not None else "with the outcome"
        error = DeclarationError(
            f"{what} is what is to be predicted: it is known {when}, and the question is asked {_asked(target)}",
            hint=f'leave it out; what it was before is a window: nf.Features(..., {column}=nf.mean("{column}", "7d"))',
        )
        return [Leak(error, names)]
    if moment is None or _before(moment, target, table):
        return []
    error = DeclarationError(
        f"{what} is a leak: it is known at {moment}, and the question is asked {_asked(target)}",
        hint="ask later, or at a moment of the schedule"
        if own
        else "leave it out, or read earlier rows through a window, which counts only what was known: "
        f'nf.Features(..., by="...", at="{moment.column}", x=nf.last("{column}", "1d"))',
    )
    return [Leak(error, names)]


def _before(moment: Moment, target: Target, table: Table) -> bool:
    """Whether a moment is certain to come before the question: only two offsets of one column can be compared."""
    if target.at is None:
        # on a calendar the row is asked about until it ends: only `until` itself is ahead, the rest is masked by its known time
        return moment.column != table.until
    if moment.column == target.at.column:
        return moment.offset < target.at.offset
    own = later_columns(table).get(target.at.column)
    return own is not None and own.column == moment.column and moment.offset < own.offset


def _window(what: str, group: Features, aggregate: Aggregate, source: Table | None) -> list[DeclarationError]:
    """A past window that can see no row: all it could count is known only when the window has passed."""
    if source is None or aggregate.ahead:
        return []
    e = group.at or source.time
    if e is None or aggregate.window is None:
        return []
    moments = later_columns(source)
    for column in reads(group, aggregate, source):
        k = moments.get(column)
        if k is None or k.column != e.column:
            continue
        lag = k.offset - e.offset
        if lag >= aggregate.window + aggregate.before:
            return [
                DeclarationError(
                    f'the feature {what} can never see a row: "{column}" is known at {k}, {duration_text(lag)} after the event ({e}), '
                    f"and the window ends after {duration_text(aggregate.window + aggregate.before)}",
                    hint="make the window longer than the delay",
                )
            ]
    return []


def _asked(target: Target) -> str:
    return f"at {target.at}" if target.at is not None else f"every {target.every}"
