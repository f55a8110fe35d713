"""Updates that arrive one by one: checked against the table's columns, kept as journal payloads, decoded into frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ninefold.clock import micros
from ninefold.errors import DataError, UsageError, closest
from ninefold.tables.table import Table

GIVEN, RECEIVED, ORDER = "__given", "__received", "__order"
NUMBERS = ("Int", "UInt", "Float", "Decimal")


class Incoming:
    """The columns of a table as its door sees them. ``columns`` maps names to the texts of their Polars types.

    >>> import ninefold as nf
    >>> door = Incoming("orders", nf.Table("db:orders", key="id"), {"id": "Int64", "paid": "Boolean"})
    >>> row, given = door.row({"id": 7, "paid": True}); row["paid"], given
    (True, ['paid'])
    """

    def __init__(self, name: str, table: Table, columns: Mapping[str, str]) -> None:
        self.name, self.table, self.columns = name, table, dict(columns)
        self._check = {c: _checker(c, t, table.tz) for c, t in columns.items()}

    def rows(self, body: Any) -> list[tuple[dict[str, Any], list[str]]]:
        """The updates of a JSON body: one object, or a list. All are sound, or an error names the first that is not."""
        many = body if isinstance(body, list) else [body]
        return [self.row(item, f"[{i}]" if isinstance(body, list) else "") for i, item in enumerate(many)]

    def row(self, item: Any, place: str = "") -> tuple[dict[str, Any], list[str]]:
        """One update: its values (times as microseconds UTC), and the columns beside the key that it gives."""
        if not isinstance(item, dict):
            raise UsageError(f"an update is an object, not {type(item).__name__}", where=place)
        for column in self.table.key:
            if item.get(column) is None:
                raise UsageError(f'an update of "{self.name}" has no "{column}"', where=place, hint=f"give the key: {', '.join(self.table.key)}")
        row: dict[str, Any] = {}
        for column, value in item.items():
            check = self._check.get(column)
            if check is None:
                raise UsageError(f'the table "{self.name}" has no column "{column}"', where=f"{place}.{column}", hint=closest(column, self.columns))
            row[column] = None if value is None else check(value, place)
        return row, [c for c in row if c not in self.table.key]

    def payload(self, row: dict[str, Any], given: Sequence[str], *, received: int | None, order: int) -> bytes:
        """What goes into the journal. ``received`` None is a backfill: the declared known time stands."""
        return msgspec.json.encode({**row, GIVEN: list(given), RECEIVED: received, ORDER: order})

    def frame(self, payloads: Sequence[bytes]) -> Any:
        """The updates of journal payloads as a polars frame, with the table's column types."""
        import polars as pl

        types = {c: dtype_of(t) for c, t in self.columns.items()}
        raw = {c: pl.Int64() if _timed(t) else t for c, t in types.items()}
        schema = {**raw, GIVEN: pl.List(pl.String), RECEIVED: pl.Int64(), ORDER: pl.Int64()}
        if not payloads:
            return pl.DataFrame(schema={**types, GIVEN: pl.List(pl.String), RECEIVED: pl.Int64(), ORDER: pl.Int64()})
        frame = pl.read_ndjson(b"\n".join(payloads), schema=schema)
        return frame.with_columns(pl.col(c).cast(t) for c, t in types.items() if _timed(t))


def _timed(dtype: Any) -> bool:
    import polars as pl

    return isinstance(dtype, (pl.Datetime, pl.Duration))


def dtype_of(text: str) -> Any:
    """The Polars type of its text.

    >>> dtype_of("Int64"), dtype_of("Datetime(time_unit='us', time_zone='UTC')")
    (Int64, Datetime(time_unit='us', time_zone='UTC'))
    """
    import polars as pl

    if text.startswith("Datetime"):
        found = text.partition("time_zone=")[2].strip("')\" ")
        return pl.Datetime("us", None if found in {"None", ""} else found)
    if text.startswith("Duration"):
        return pl.Duration("us")
    kind = getattr(pl, text, None)
    if kind is None or not isinstance(kind, type) or not issubclass(kind, pl.DataType):
        raise DataError(f"updates of the type {text} cannot be taken in", hint="numbers, texts, booleans, dates and times can")
    return kind()


def _checker(column: str, text: str, tz: str | None) -> Any:
    if text.startswith("Datetime"):
        return lambda value, place: _time(column, value, tz, place)
    if text == "Boolean":
        return lambda value, place: _is(column, value, place, bool, "true or false")
    if text.startswith("Int") or text.startswith("UInt"):
        return lambda value, place: _whole(column, value, place)
    if text.startswith(NUMBERS):
        return lambda value, place: _number(column, value, place)
    return lambda value, place: _is(column, value, place, str, "a text")


def _wrong(column: str, value: Any, wanted: str, place: str) -> UsageError:
    return UsageError(f'"{column}" is {type(value).__name__}, expected {wanted}', where=f"{place}.{column}")


def _is(column: str, value: Any, place: str, kind: type, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(column, value, wanted, place)
    return value


def _whole(column: str, value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise _wrong(column, value, "a whole number", place)
    return int(value)


def _number(column: str, value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(column, value, "a number", place)
    return float(value)


def _time(column: str, value: Any, tz: str | None, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _wrong(column, value, "a time (ISO 8601)", place)
    try:
        return micros(value, tz)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint, where=f"{place}.{column}") from None
