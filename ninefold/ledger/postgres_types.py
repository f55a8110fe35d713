"""How values cross between Python and Postgres, so that a row is what SQLite would give."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import psycopg
from psycopg.adapt import Dumper, Loader, PyFormat
from psycopg.types.numeric import Int4Dumper, Int8Dumper
from psycopg.types.string import StrDumper


class PostgresRow:
    """One row: values by column name or by position."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places, self._values = places, values

    @overload
    def __getitem__(self, key: str | int, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    def __getitem__(self, key: str | int | slice, /) -> Any:
        return self._values[self._places[key]] if isinstance(key, str) else self._values[key]

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self._places)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PostgresRow) and (self._places, self._values) == (other._places, other._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __repr__(self) -> str:
        return f"<row {dict(zip(self._places, self._values, strict=True))}>"


def rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], PostgresRow]:
    """The maker of rows for one result."""
    places = {column.name: i for i, column in enumerate(cursor.description or ())}
    return lambda values: PostgresRow(places, values)


class _Integer(Int4Dumper):
    # functions such as substr take 32 bits and no more, while the smaller type fits wherever the larger one is expected
    def dump(self, obj: int) -> Any:
        return super().dump(int(obj))

    def get_key(self, obj: int, format: PyFormat) -> Any:
        return self.cls if -(1 << 31) <= obj < 1 << 31 else (self.cls, _Long)

    def upgrade(self, obj: int, format: PyFormat) -> Dumper:
        return self if -(1 << 31) <= obj < 1 << 31 else _Long(self.cls, self.connection)


class _Long(Int8Dumper):
    def dump(self, obj: int) -> Any:
        if not -(1 << 63) <= obj < 1 << 63:
            raise OverflowError("a whole number has more than 64 bits")
        return super().dump(obj)


class _Number(Loader):
    """Sums of integers come as ``numeric``."""

    def load(self, data: Any) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class _Truth(Loader):
    """SQLite has no truth values: comparisons are 0 or 1."""

    def load(self, data: Any) -> int:
        return int(bytes(data) == b"t")


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Teaches a connection these types, and no other connection of the process."""
    adapters = connection.adapters
    adapters.register_dumper(int, _Integer)
    adapters.register_dumper(bool, _Integer)
    adapters.register_dumper(str, StrDumper)
    adapters.register_loader("numeric", _Number)
    adapters.register_loader("bool", _Truth)
