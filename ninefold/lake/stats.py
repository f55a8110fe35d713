"""Statistics of one data file, as Delta's readers skip files by them."""

import json
from typing import Any

import polars as pl

from ninefold.clock import FIRST, LAST, iso
from ninefold.units import DAY

_LONGEST = 32  # characters: a longer bound would have to be shortened, and a shortened maximum is none


def file_stats(frame: pl.DataFrame) -> str:
    """Rows, and for plain columns minimum, maximum and nulls, as JSON."""
    plain = [name for name, dtype in frame.schema.items() if dtype.is_numeric() or dtype in (pl.String, pl.Date, pl.Datetime)]
    plain = [name for name in plain if not isinstance(frame.schema[name], pl.Decimal)]
    # times as numbers: Python's calendar ends before a column's
    raw = pl.col(plain).to_physical()
    bounds = frame.select([raw.min().name.prefix("<"), raw.max().name.prefix(">")]).row(0, named=True) if plain else {}
    low, high = ({name: value for name in plain if (value := _json(bounds[sign + name], frame.schema[name])) is not None} for sign in "<>")
    kept = low.keys() & high.keys()
    return json.dumps(
        {
            "numRecords": frame.height,
            "minValues": {name: low[name] for name in plain if name in kept},
            "maxValues": {name: high[name] for name in plain if name in kept},
            "nullCount": {name: frame[name].null_count() for name in plain},
        }
    )


def _json(value: Any, dtype: pl.DataType) -> Any:
    """A bound as Delta writes it; None where it has no form there: then no file is skipped by it."""
    if value is None:
        return None
    if isinstance(dtype, pl.Date):
        return iso(value * DAY)[:10] if FIRST <= value * DAY <= LAST else None
    if isinstance(dtype, pl.Datetime):
        text = iso(value) if FIRST <= value <= LAST else None
        return text if text is None or dtype.time_zone else text.removesuffix("Z")
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else None
    if isinstance(value, float):
        return value if value - value == 0 else None  # not for NaN and infinities
    return value
