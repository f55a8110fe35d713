"""Rows that arrive one by one: checked against the table's columns, kept as journal payloads, decoded into frames."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from ninefold.clock import micros
from ninefold.errors import DataError, UsageError, closest
from ninefold.tables.table import Table

GIVEN, RECEIVED, ORDER = "__given", "__received", "__order"
RANGES: dict[str, tuple[int, int]] = {f"Int{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (8, 16, 32, 64)} | {
    f"UInt{n}": (0, 2 ** min(n, 63) - 1) for n in (8, 16, 32, 64)
}
# of times: 0002 to 9998, in µs; the years at the edges are left to zones and to moments such as "column - 30d"
YEARS = (-62_104_060_800_000_000, 253_370_764_799_999_999)

Check = Callable[[Any, str], Any]


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
        """One update: its values (times as microseconds UTC, dates as ISO texts), and the columns beside the key that it gives."""
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

        types = {c: dtype_of(t) for c, t in self.columns.items() if not _closed(t)}
        if not payloads:
            return pl.DataFrame(schema={**types, GIVEN: pl.List(pl.String), RECEIVED: pl.Int64(), ORDER: pl.Int64()})
        return read_rows(payloads, {**types, GIVEN: pl.List(pl.String), RECEIVED: pl.Int64(), ORDER: pl.Int64()})


def _closed(text: str) -> bool:
    """Whether values of a type cannot be told in JSON: lists, structs, binary."""
    return text.partition("(")[0] not in {*RANGES, "Float32", "Float64", "Boolean", "String", "Date", "Datetime", "Duration", "Null"}


def read_rows(lines: Sequence[bytes], types: Mapping[str, Any]) -> Any:
    """Rows as JSON, as rows of :class:`Incoming` are written, as a polars frame in these types.

    >>> import polars as pl
    >>> read_rows([b'{"day": "2024-01-31", "n": 3}'], {"day": pl.Date(), "n": pl.Int8()}).rows()
    [(datetime.date(2024, 1, 31), 3)]
    """
    import polars as pl

    frame = pl.read_ndjson(b"\n".join(lines), schema={c: _raw(t) for c, t in types.items()})
    dates = [pl.col(c).str.to_date("%Y-%m-%d") for c, t in types.items() if isinstance(t, pl.Date)]
    times = {c: t for c, t in types.items() if isinstance(t, pl.Datetime)}
    shown = [pl.col(c).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(t.time_zone or "UTC") for c, t in times.items() if t.time_zone]
    naive = [pl.col(c).cast(t) for c, t in times.items() if not t.time_zone]
    others = [pl.col(c).cast(t) for c, t in types.items() if not isinstance(t, (pl.Date, pl.Datetime)) and _raw(t) != t]
    return frame.with_columns(*dates, *shown, *naive, *others)


def _raw(dtype: Any) -> Any:
    """The type in which values lie in JSON; the reader of JSON lines panics at narrower ones."""
    import polars as pl

    if dtype.is_integer() or isinstance(dtype, (pl.Datetime, pl.Duration)):
        return pl.Int64()
    if dtype.is_float():
        return pl.Float64()
    return pl.String() if isinstance(dtype, pl.Date) else dtype


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
        raise DataError(f"rows of the type {text} cannot be taken in", hint="numbers, texts, booleans, dates and times can")
    return kind()


def _checker(column: str, text: str, tz: str | None) -> Check:
    kind = text.partition("(")[0]
    if _closed(text):
        return lambda value, place: _refused(column, text, place)
    if kind == "Datetime":
        return lambda value, place: time_of(column, value, tz, place)
    if kind == "Date":
        return lambda value, place: _date(column, value, place)
    if kind == "Boolean":
        return lambda value, place: _is(column, value, place, bool, "true or false")
    if kind in RANGES or kind == "Duration":
        low, high = RANGES.get(kind, RANGES["Int64"])
        return lambda value, place: _whole(column, value, place, low, high)
    if kind.startswith("Float"):
        return lambda value, place: _number(column, value, place)
    return lambda value, place: _is(column, value, place, str, "a text")


def _refused(column: str, text: str, place: str) -> Any:
    raise UsageError(f'"{column}" is {text}, which cannot be told one by one', where=f"{place}.{column}", hint="leave it out: the source brings it")


def _wrong(column: str, value: Any, wanted: str, place: str) -> UsageError:
    return UsageError(f'"{column}" is {type(value).__name__}, expected {wanted}', where=f"{place}.{column}")


def _is(column: str, value: Any, place: str, kind: type, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(column, value, wanted, place)
    return value


def _whole(column: str, value: Any, place: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (isinstance(value, float) and not value.is_integer()):
        raise _wrong(column, value, "a whole number", place)
    if not low <= value <= high:
        raise UsageError(f'"{column}" is {value}, expected {low} to {high}', where=f"{place}.{column}")
    return int(value)


def _number(column: str, value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(column, value, "a number", place)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UsageError(f'"{column}" is too large for a number', where=f"{place}.{column}")
    return number


def _date(column: str, value: Any, place: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _wrong(column, value, "a date (2024-01-31)", place) from None


def time_of(column: str, value: Any, tz: str | None = None, place: str = "") -> int:
    """A time that a client gives, as µs UTC: ISO 8601 (without offset: in ``tz``), or µs. Raises UsageError with its place.

    >>> time_of("at", "1970-01-01T00:00:01Z")
    1000000
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _whole(column, value, place, *YEARS)
    if not isinstance(value, str):
        raise _wrong(column, value, "a time (ISO 8601)", place)
    try:
        at = micros(value, tz)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint, where=f"{place}.{column}") from None
    if not YEARS[0] <= at <= YEARS[1]:
        raise UsageError(f'"{value}" lies outside of the years 2 to 9998', where=f"{place}.{column}", hint="give null where it is not known")
    return at
