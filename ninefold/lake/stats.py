"""Statistics of one data file, as Delta's readers skip files by them."""

import json
from typing import Any

import polars as pl

from ninefold.clock import iso, micros

_LONGEST = 32  # characters: a longer bound would have to be shortened, and a shortened maximum is none


def file_stats(frame: pl.DataFrame) -> str:
    """Rows, and for plain columns minimum, maximum and nulls, as JSON."""
    plain = [name for name, dtype in frame.schema.items() if dtype.is_numeric() or dtype in (pl.String, pl.Date, pl.Datetime)]
    plain = [name for name in plain if not isinstance(frame.schema[name], pl.Decimal)]
    bounds = frame.select([pl.col(plain).min().name.prefix("<"), pl.col(plain).max().name.prefix(">")]).row(0, named=True) if plain else {}
    low, high = ({name: value for name in plain if (value := _json(bounds[sign + name])) is not None} for sign in "<>")
    kept = low.keys() & high.keys()
    return json.dumps(
        {
            "numRecords": frame.height,
            "minValues": {name: low[name] for name in plain if name in kept},
            "maxValues": {name: high[name] for name in plain if name in kept},
            "nullCount": {name: frame[name].null_count() for name in plain},
        }
    )


def _json(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else None
    if isinstance(value, float):
        return value if value - value == 0 else None  # not for NaN and infinities
    if hasattr(value, "tzinfo"):
        text = iso(micros(value, tz="UTC"))
        return text if value.tzinfo else text.removesuffix("Z")
    return value.isoformat() if hasattr(value, "isoformat") else value
