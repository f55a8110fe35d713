"""Column types: what a frame has, and what Delta can store. The difference is kept beside the column and undone by readers.

Delta has no unsigned numbers, durations, times of day, categories or zones; it stores the integers, the text and the UTC
instants, and the type that the frame had goes into the field's metadata.
"""

from typing import Any

import msgspec
import polars as pl
from deltalake import Field, Schema
from deltalake.schema import ArrayType, PrimitiveType, StructType

from ninefold.errors import DataError

TYPE = "ninefold.type"
_SAME: dict[type[pl.DataType], str] = {
    pl.Int8: "byte",
    pl.Int16: "short",
    pl.Int32: "integer",
    pl.Int64: "long",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.String: "string",
    pl.Binary: "binary",
    pl.Date: "date",
}
_BY_DELTA: dict[str, pl.DataType] = {
    **{name: kind() for kind, name in _SAME.items()},
    "timestamp": pl.Datetime("us", "UTC"),
    "timestamp_ntz": pl.Datetime("us"),
}
_STORED: dict[type[pl.DataType], pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
    pl.UInt64: pl.Int64(),
    pl.Duration: pl.Int64(),
    pl.Time: pl.Int64(),
    pl.Categorical: pl.String(),
    pl.Enum: pl.String(),
    pl.Null: pl.String(),
}


def stored(dtype: pl.DataType, column: str) -> pl.DataType:
    """The type as which a column is stored; DataError if there is none."""
    kind = type(dtype)
    if kind in _SAME or isinstance(dtype, pl.Decimal):
        return dtype
    if kind in _STORED:
        return _STORED[kind]
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", "UTC" if dtype.time_zone else None)
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(stored(_known(dtype.inner), column))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: stored(_known(field.dtype), column) for field in dtype.fields})
    raise DataError(f"a column of type {dtype} cannot be stored", where=column, hint="cast it to a number, text, time, list or struct")


def normal(dtype: pl.DataType) -> pl.DataType:
    """The type that readers get: times in microseconds, a Datetime in its zone."""
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", dtype.time_zone)
    if isinstance(dtype, pl.Duration):
        return pl.Duration("us")
    if isinstance(dtype, pl.List):
        return pl.List(normal(_known(dtype.inner)))
    if isinstance(dtype, pl.Array):
        return pl.Array(normal(_known(dtype.inner)), dtype.size)
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: normal(_known(field.dtype)) for field in dtype.fields})
    return dtype


def delta_schema(schema: pl.Schema) -> Schema:
    """Delta's schema of a frame's (normal) schema."""
    fields = []
    for name, dtype in schema.items():
        low = stored(dtype, name)
        metadata = {} if low == dtype else {TYPE: msgspec.json.encode(encode(dtype)).decode()}
        fields.append(Field(name, _delta(low), nullable=True, metadata=metadata))
    return Schema(fields)


def schemas(table: Schema) -> tuple[pl.Schema, pl.Schema]:
    """The stored schema and the one that readers get."""
    low = {field.name: _polars(field.type, field.name) for field in table.fields}
    high = {
        field.name: decode(msgspec.json.decode(field.metadata[TYPE])) if field.metadata and TYPE in field.metadata else low[field.name]
        for field in table.fields
    }
    return pl.Schema(low), pl.Schema(high)


def encode(dtype: pl.DataType) -> Any:
    """A type as JSON.

    >>> encode(pl.List(pl.Datetime("us", "UTC")))
    ['List', ['Datetime', 'us', 'UTC']]
    """
    if isinstance(dtype, pl.Datetime):
        return ["Datetime", dtype.time_unit, dtype.time_zone]
    if isinstance(dtype, pl.Duration):
        return ["Duration", dtype.time_unit]
    if isinstance(dtype, pl.List):
        return ["List", encode(_known(dtype.inner))]
    if isinstance(dtype, pl.Array):
        return ["Array", encode(_known(dtype.inner)), dtype.size]
    if isinstance(dtype, pl.Struct):
        return ["Struct", [[field.name, encode(_known(field.dtype))] for field in dtype.fields]]
    if isinstance(dtype, pl.Enum):
        return ["Enum", dtype.categories.to_list()]
    if isinstance(dtype, pl.Decimal):
        return ["Decimal", dtype.precision, dtype.scale]
    return type(dtype).__name__


def decode(value: Any) -> pl.DataType:
    """The type of that JSON.

    >>> decode(["List", ["Datetime", "us", "UTC"]])
    List(Datetime(time_unit='us', time_zone='UTC'))
    """
    if isinstance(value, str):
        return _known(getattr(pl, value))
    kind, *rest = value
    if kind == "List":
        return pl.List(decode(rest[0]))
    if kind == "Array":
        return pl.Array(decode(rest[0]), rest[1])
    if kind == "Struct":
        return pl.Struct({name: decode(inner) for name, inner in rest[0]})
    return _known(getattr(pl, kind)(*rest))


def _known(dtype: Any) -> pl.DataType:
    """An instance of a type that may be given as a class (polars allows both)."""
    known: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return known


def _delta(dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.Datetime):
        return PrimitiveType("timestamp" if dtype.time_zone else "timestamp_ntz")
    if isinstance(dtype, pl.Decimal):
        return PrimitiveType(f"decimal({dtype.precision or 38},{dtype.scale})")
    if isinstance(dtype, pl.List):
        return ArrayType(_delta(_known(dtype.inner)), contains_null=True)
    if isinstance(dtype, pl.Struct):
        return StructType([Field(field.name, _delta(_known(field.dtype)), nullable=True) for field in dtype.fields])
    return PrimitiveType(_SAME[type(dtype)])


def _polars(kind: Any, column: str) -> pl.DataType:
    if isinstance(kind, ArrayType):
        return pl.List(_polars(kind.element_type, column))
    if isinstance(kind, StructType):
        return pl.Struct({field.name: _polars(field.type, column) for field in kind.fields})
    name = kind.type if isinstance(kind, PrimitiveType) else str(kind)
    if name in _BY_DELTA:
        return _BY_DELTA[name]
    if name.startswith("decimal("):
        precision, scale = name[8:-1].split(",")
        return pl.Decimal(int(precision), int(scale))
    raise DataError(f"Delta's type {name} is not read here", where=column, hint="write the table without it")
