"""How an append may change a table's columns: new ones are added, narrow ones widened; anything else is an error."""

from dataclasses import dataclass

import polars as pl

from ninefold.errors import DataError

_SIGNED = [pl.Int8, pl.Int16, pl.Int32, pl.Int64]
_UNSIGNED = [pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
_TEXT = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class Evolution:
    """The columns after an append: all of them, those that are new, and those whose type must become wider."""

    schema: pl.Schema
    added: tuple[str, ...]
    widened: tuple[str, ...]


def evolve(table: pl.Schema, rows: pl.Schema) -> Evolution:
    """The columns that hold both the table's rows and the new ones; DataError names a column where none does.

    >>> evolve(pl.Schema({"a": pl.Int32()}), pl.Schema({"a": pl.Int64(), "b": pl.String()})).schema
    Schema([('a', Int64), ('b', String)])
    """
    merged = dict(table)
    for name, dtype in rows.items():
        if name in table and (wide := wider(table[name], dtype)) is not None:
            merged[name] = wide
        elif name in table:
            hint = "cast the column, or overwrite the table"
            raise DataError(f"rows with {dtype} do not fit a column of {table[name]}", where=name, hint=hint)
        else:
            merged[name] = dtype
    return Evolution(
        pl.Schema(merged), tuple(name for name in merged if name not in table), tuple(name for name in table if merged[name] != table[name])
    )


def wider(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """The narrower of the types that hold every value of both exactly; None if there is none. Of two zones, the first."""
    if a == b or isinstance(b, pl.Null):
        return a
    if isinstance(a, pl.Null):
        return b
    if isinstance(a, pl.Datetime) and isinstance(b, pl.Datetime):
        return a if (a.time_zone is None) == (b.time_zone is None) else None
    if isinstance(a, _TEXT) and isinstance(b, _TEXT):
        return pl.String()
    if isinstance(a, pl.List) and isinstance(b, pl.List):
        inner = wider(a.inner, b.inner)  # type: ignore[arg-type]
        return None if inner is None else pl.List(inner)
    if isinstance(a, pl.Struct) and isinstance(b, pl.Struct):
        return _wider_struct(a, b)
    if isinstance(a, pl.Decimal) and isinstance(b, pl.Decimal):
        return a if (a.precision or 38) - a.scale >= (b.precision or 38) - b.scale and a.scale >= b.scale else None
    return _wider_number(a, b)


def _wider_struct(a: pl.Struct, b: pl.Struct) -> pl.DataType | None:
    merged = {field.name: field.dtype for field in a.fields}
    for field in b.fields:
        both = wider(merged[field.name], field.dtype) if field.name in merged else field.dtype  # type: ignore[arg-type]
        if both is None:
            return None
        merged[field.name] = both
    return pl.Struct(merged)


def _wider_number(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    kinds = {type(a), type(b)}
    for family in (_SIGNED, _UNSIGNED, [pl.Float32, pl.Float64]):
        if kinds <= set(family):
            return max((a, b), key=lambda dtype: family.index(type(dtype)))  # type: ignore[arg-type]
    if kinds <= {*_SIGNED[:3], *_UNSIGNED[:3], pl.Float32, pl.Float64} and kinds & {pl.Float32, pl.Float64}:
        return pl.Float64()  # 53 bits hold every 32-bit integer
    if kinds <= {*_SIGNED, *_UNSIGNED[:3]}:
        unsigned = next(kind for kind in kinds if kind in _UNSIGNED)
        signed = next(kind for kind in kinds if kind in _SIGNED)
        return _SIGNED[max(_UNSIGNED.index(unsigned) + 1, _SIGNED.index(signed))]()
    return None
