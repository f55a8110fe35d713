"""From a request to the columns that a model reads: checked, typed, looked up online, computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ninefold.errors import UsageError, closest
from ninefold.features.features import Features
from ninefold.features.online import Fold
from ninefold.features.spec import GroupSpec, features_of
from ninefold.tables.incoming import Incoming
from ninefold.tables.table import Table
from ninefold.units import moment

MOST_ROWS = 10_000


class Request(msgspec.Struct, frozen=True):
    """What a question consists of: the asked table's key, the columns with their types, bare inputs, the decision's moment."""

    asked: str
    key: tuple[str, ...]
    columns: dict[str, str]
    bare: tuple[str, ...] = ()
    at: str | None = None
    tz: str | None = None


class Questions:
    """Computes a model's inputs for questions; shared by versions with the same request and features."""

    def __init__(self, request: Request, groups: Sequence[GroupSpec]) -> None:
        self.request, self.groups = request, list(groups)
        self._door = Incoming(request.asked, Table(f"spec:{request.asked}", key=list(request.key), tz=request.tz), request.columns)
        self._features: list[tuple[str, Features]] = [(spec.name, features_of(spec)) for spec in groups]
        self._at = moment(request.at) if request.at else None
        self._times = [c for c, t in request.columns.items() if t.startswith("Datetime")]

    def checked(self, body: Any) -> list[dict[str, Any]]:
        """The rows of a body (one object, or a list), every column there; times as µs UTC."""
        many = body if isinstance(body, list) else [body]
        if not many or len(many) > MOST_ROWS:
            raise UsageError(f"{len(many)} questions in one request", hint=f"send 1 to {MOST_ROWS}")
        rows = []
        for i, item in enumerate(many):
            place = f"[{i}]" if isinstance(body, list) else ""
            if isinstance(item, dict):
                for column in item:
                    if column not in self.request.columns:
                        raise UsageError(f'a question has no column "{column}"', where=f"{place}.{column}", hint=closest(column, self.request.columns))
            row, _ = self._door.row(item, place)
            for column in self.request.columns:
                row.setdefault(column, None)
            if self._at is not None and row[self._at.column] is None:
                raise UsageError(f'the question has no "{self._at.column}"', where=place, hint="the decision's moment follows from it")
            rows.append(row)
        return rows

    def key(self, row: Mapping[str, Any]) -> str:
        """The question's key as JSON: what its outcome is joined by.

        Times in it are µs UTC.
        """
        return msgspec.json.encode([row[c] for c in self.request.key]).decode()

    def lead(self, row: Mapping[str, Any], q: int) -> int | None:
        """How much later than its decision time a question was asked, µs; None where it has none."""
        if self._at is None or row[self._at.column] is None:
            return None
        return q - (int(row[self._at.column]) + self._at.offset)

    def moment(self, row: Mapping[str, Any]) -> int | None:
        """The decision time of a question, µs; None where the problem gives it none."""
        return None if self._at is None else int(row[self._at.column]) + self._at.offset

    def values(self, rows: Sequence[Mapping[str, Any]], q: Sequence[int], fold: Fold) -> dict[str, list[Any]]:
        """Each input column, a value for each row: ``group.feature`` and bare columns."""
        found: dict[str, list[Any]] = {}
        frame: Any = None
        for name, group in self._features:
            windows: dict[str, list[Any]] = {}
            if group.aggregates:
                looked = [fold.lookup(name, row, at) for row, at in zip(rows, q, strict=True)]
                windows = {f: [values[f] for values in looked] for f, _ in group.aggregates}
                found |= {f"{name}.{f}": values for f, values in windows.items()}
            if group.expressions:
                frame = frame if frame is not None else self.frame(rows)
                found |= self._expressions(name, group, frame, windows, q)
        for column in self.request.bare:
            found[column] = [row[column] for row in rows]
        return found

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """The questions as a frame, times in the table's zone, for expressions."""
        import polars as pl

        from ninefold.tables.incoming import dtype_of

        types = {c: dtype_of(t) for c, t in self.request.columns.items()}
        columns = []
        for column, dtype in types.items():
            values = [row[column] for row in rows]
            if column in self._times:
                made = pl.Series(column, values, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
                columns.append(made.dt.convert_time_zone(self.request.tz) if self.request.tz else made)
            else:
                columns.append(pl.Series(column, values, dtype=dtype))
        return pl.DataFrame(columns)

    def _expressions(self, name: str, group: Features, frame: Any, windows: dict[str, list[Any]], q: Sequence[int]) -> dict[str, list[Any]]:
        import polars as pl

        from ninefold.features.training import expressions

        beside = pl.DataFrame(windows, infer_schema_length=None) if windows else None
        made = expressions(frame, group, beside, pl.Series("__q", q, dtype=pl.Int64), name=name)
        return {f"{name}.{f}": made[f].to_list() for f, _ in group.expressions}
