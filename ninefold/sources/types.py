"""Types of text columns, from all their values; and what is one type when several files are one source."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from ninefold.errors import DataError, closest

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ISO_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$"
_ISO_ZONED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)? ?(Z|[+-]\d{2}:?\d{2})$"
_INTEGER = re.compile(r"[+-]?\d+")
# what types= may name; a text without offset stays naive
KINDS: dict[str, pl.DataType] = {
    "str": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}
_WIDER = [pl.Null(), pl.Int64(), pl.Float64()]


Infer = Literal["all", "times", "nothing"]


def typed(frame: pl.DataFrame, types: Mapping[str, str], where: str, infer: Infer = "all") -> pl.DataFrame:
    """Give every text column the narrowest type that all its values have; ``types`` decides for the columns that it names.

    A CSV file says nothing of types (``infer="all"``), JSON lacks only times (``"times"``), Parquet and Arrow know (``"nothing"``).

    Tried in this order: integer, float, true/false, ISO date, ISO time with an offset (becomes UTC), ISO time without
    one (stays naive). Digits with leading zeros, or more than 64 bits of them, stay text: as numbers they would lose
    something. A column without any value has the type Null: another file may know better.

    >>> frame = pl.DataFrame({"n": ["1", "2"], "zip": ["00501", "10001"], "at": ["2013-01-01T10:00:00Z", None]})
    >>> [str(t) for t in typed(frame, {}, "x.csv").dtypes]
    ['Int64', 'String', "Datetime(time_unit='us', time_zone='UTC')"]
    """
    for name in types:
        if name not in frame.columns:
            raise DataError(f'types= names the column "{name}"', where=where, hint=closest(name, frame.columns))
    return frame.with_columns([_declared(frame[n], types[n], where) if n in types else _inferred(frame[n], infer) for n in frame.columns])


def _inferred(values: pl.Series, infer: Infer) -> pl.Series:
    if values.dtype != pl.String or infer == "nothing":
        return values
    if values.null_count() == values.len():
        return pl.Series(values.name, [None] * values.len(), dtype=pl.Null)
    first = values[values.is_not_null().arg_max() or 0]
    if first[:1].isdigit() or first[:1] in "+-.":
        for attempt in (_number, _date) if infer == "all" else (_date,):
            if (found := attempt(values, first)) is not None:
                return found
    elif infer == "all" and first.lower() in {"true", "false"}:
        low = values.str.to_lowercase()
        if low.is_in(["true", "false"]).all():
            return (low == "true").alias(values.name)
    elif infer == "all" and first.lower() in {"nan", "inf"} and (real := _cast(values, pl.Float64())) is not None:
        return real
    return values


def _number(values: pl.Series, first: str) -> pl.Series | None:
    if (whole := _cast(values, pl.Int64())) is not None:
        return None if values.str.contains(r"^[+-]?0\d").any() else whole
    if (real := _cast(values, pl.Float64())) is None or values.str.contains(r"^[+-]?(0\d|\d{19,}$)").any():
        return None
    return real


def _date(values: pl.Series, first: str) -> pl.Series | None:
    for pattern, kind in ((_ISO_DATE, "date"), (_ISO_ZONED, "zoned"), (_ISO_TIME, "naive")):
        if re.match(pattern, first):
            return _time(values, kind) if values.str.contains(pattern).all() else None
    return None


def _time(values: pl.Series, kind: str) -> pl.Series | None:
    if kind == "date":
        parsed = values.str.to_date("%Y-%m-%d", strict=False)
    else:
        parsed = values.str.to_datetime(time_unit="us", time_zone="UTC" if kind == "zoned" else None, strict=False)
    return parsed if parsed.null_count() == values.null_count() else None


def _cast(values: pl.Series, dtype: pl.DataType) -> pl.Series | None:
    try:
        return values.cast(dtype, strict=True)
    except pl.exceptions.InvalidOperationError:
        return None


def _declared(values: pl.Series, text: str, where: str) -> pl.Series:
    """The column in the type that the project declares: ``"int"``, or ``"date:%d/%m/%Y"`` with a format."""
    name, _, form = text.partition(":")
    plain = KINDS[name] if name in {"str", "int", "float"} else None
    found: pl.Series | None
    if plain is not None:
        found = values if values.dtype == plain else _cast(values, plain)
    elif values.dtype != pl.String:
        found = _cast(values, KINDS[name])
    elif name == "bool":
        low = values.str.to_lowercase()
        found = low.is_in(["true", "1", "yes", "t", "y"]) if low.is_in(["true", "false", "1", "0", "yes", "no", "t", "f", "y", "n"]).all() else None
    elif form:
        tried = values.str.to_date(form, strict=False) if name == "date" else values.str.to_datetime(form, time_unit="us", strict=False)
        found = tried if tried.null_count() == values.null_count() else None
    else:
        found = _time(values, "date") if name == "date" else _date(values, str(values.drop_nulls().first() or ""))
    if found is None:
        raise DataError(f'not every value of the column "{values.name}" is {text}', where=where, hint=_example(values, plain))
    return found.alias(values.name)


def _example(values: pl.Series, dtype: pl.DataType | None) -> str:
    bad = values.filter(values.is_not_null() & (values.cast(dtype, strict=False).is_null() if dtype else True))
    return f'such as "{bad[0]}" in row {values.index_of(bad[0])}; if it means "no value", write null="{bad[0]}"' if bad.len() else ""


def common(name: str, left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    """The type that holds both: nothing and anything, integer and float, a date and a naive time; else None.

    >>> common("n", pl.Int64(), pl.Float64())
    Float64
    """
    if right in (left, pl.Null):
        return left
    if left == pl.Null:
        return right
    if left in _WIDER and right in _WIDER:
        return max(left, right, key=_WIDER.index)
    if left.is_integer() and right.is_integer():
        return pl.Int64()
    if left.is_numeric() and right.is_numeric():
        return pl.Float64()
    return pl.Datetime("us") if {left, right} == {pl.Date(), pl.Datetime("us")} else None


def one_schema(parts: Sequence[tuple[str, pl.Schema]]) -> pl.Schema:
    """The schema of several files as one source: columns in order of appearance, types widened.

    Raises ``DataError`` naming the file, the column and both types where a type changed.
    """
    found: dict[str, pl.DataType] = {}
    said: dict[str, str] = {}
    for where, schema in parts:
        for name, dtype in schema.items():
            wide = common(name, found[name], dtype) if name in found else dtype
            if wide is None:
                raise DataError(
                    f'the column "{name}" is {dtype} here, and {found[name]} in {said[name]}',
                    where=where,
                    hint=f'correct the file, or say which it is: types={{"{name}": "str"}}',
                )
            if found.get(name) != wide:
                found[name], said[name] = wide, where
    return pl.Schema(found)


def fitted(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The frame with exactly the columns and types of ``schema``; a column that it lacks is null. Null becomes text."""
    final = {n: (pl.String() if t == pl.Null else t) for n, t in schema.items()}
    return frame.select([(pl.col(n) if n in frame.columns else pl.lit(None).alias(n)).cast(t) for n, t in final.items()])


def continued(frame: pl.DataFrame, state: dict[str, Any] | None, where: str) -> tuple[pl.DataFrame, str] | None:
    """New rows in the types of those read before, and the schema to keep; None where they need wider types: read all again."""
    known = schema_of(state["schema"]) if state else pl.Schema()
    schema = one_schema([*([("the rows read before", known)] if state else []), (where, frame.schema)])
    return None if state and dict(schema) != dict(known) else (fitted(frame, schema), kept_schema(schema))


def kept_schema(schema: pl.Schema) -> str:
    """A schema as text that JSON can hold.

    >>> schema_of(kept_schema(pl.Schema({"at": pl.Datetime("us", "UTC")})))
    Schema([('at', Datetime(time_unit='us', time_zone='UTC'))])
    """
    return base64.b85encode(pl.DataFrame(schema=schema).serialize()).decode()


def schema_of(text: str) -> pl.Schema:
    """The schema that :func:`kept_schema` wrote."""
    return pl.DataFrame.deserialize(io.BytesIO(base64.b85decode(text))).schema
