"""The encoding program: named columns to a matrix of floats, the same in training and in serving.

It is data (JSON in the bundle), not code: levels and numbers learned in training, applied here with NumPy alone.
"""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DataError, closest

Floats = NDArray[np.float64]
Values = Sequence[Any] | NDArray[Any]


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input. ``levels`` are a text column's known values; ``fill``, ``mean``, ``scale`` serve the scaled form only.

    ``missing`` says that the scaled form has an extra output, 1 where the value is null.
    """

    name: str
    kind: Literal["number", "bool", "text"]
    levels: tuple[str, ...] = ()
    fill: float = 0.0
    mean: float = 0.0
    scale: float = 1.0
    missing: bool = False


class Encoding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How columns become numbers.

    ``codes``: numbers as they are, a text as the position of its level; null, NaN, infinite and unseen are NaN (for trees).
    ``scaled``: ``(value or fill − mean) / scale``, an indicator of null, one output per level (for everything else).
    ``single`` rounds the result to 32-bit floats, for runtimes that compute with these.
    """

    form: Literal["codes", "scaled"]
    columns: tuple[Column, ...]
    single: bool = False


class Encoder:
    """An encoding made ready: look-up tables built, output positions known.

    >>> encoder = Encoder(Encoding("codes", (Column("wind", "number"), Column("carrier", "text", ("AA", "UA")))))
    >>> encoder.matrix({"wind": [3, None], "carrier": ["UA", "new"]}).tolist()
    [[3.0, 1.0], [nan, nan]]
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.names: list[str] = []
        self.source: list[int] = []
        self._codes: list[dict[Any, float] | None] = [
            {level: float(i) for i, level in enumerate(c.levels)} if c.kind == "text" else None for c in encoding.columns
        ]
        for i, column in enumerate(encoding.columns):
            for name in self._outputs(column):
                self.names.append(name)
                self.source.append(i)
        self.starts = [self.source.index(i) if i in self.source else len(self.source) for i in range(len(encoding.columns))]
        self.width = len(self.names)
        self.categorical = [i for i, c in enumerate(encoding.columns) if c.kind == "text"] if encoding.form == "codes" else []
        self._row_plan = [(c.name, codes) for c, codes in zip(encoding.columns, self._codes, strict=True)]

    def _outputs(self, column: Column) -> list[str]:
        if self.encoding.form == "codes":
            return [column.name]
        if column.kind == "text":
            return [f"{column.name}={level}" for level in column.levels]
        return [column.name, f"{column.name} is null"] if column.missing else [column.name]

    def values(self, column: int, given: Values) -> Floats:
        """One column as floats: numbers, or positions of levels; NaN where null or unseen."""
        codes = self._codes[column]
        if codes is not None:
            listed = given.tolist() if isinstance(given, np.ndarray) else given
            return np.fromiter((codes.get(v, nan) for v in listed), np.float64, len(listed))
        return numbers(self.encoding.columns[column].name, given)

    def matrix(self, columns: Mapping[str, Values]) -> Floats:
        """All rows, one output per column of the result. A column that is not given is null; all given have one length."""
        rows = _length(columns)
        parts = [self.values(i, columns[c.name]) if c.name in columns else np.full(rows, nan) for i, c in enumerate(self.encoding.columns)]
        return self.assemble(parts, rows)

    def assemble(self, parts: Sequence[Floats], rows: int) -> Floats:
        """The matrix of columns that are floats already (see :meth:`values`)."""
        out = np.empty((rows, self.width), np.float64)
        if self.encoding.form == "codes":
            for i, part in enumerate(parts):
                out[:, i] = part
        else:
            for column, part, at in zip(self.encoding.columns, parts, self.starts, strict=True):
                self._scaled(column, part, out, at)
        return out.astype(np.float32).astype(np.float64) if self.encoding.single else out

    @staticmethod
    def _scaled(column: Column, part: Floats, out: Floats, at: int) -> None:
        if column.kind == "text":
            for i in range(len(column.levels)):
                out[:, at + i] = part == i
            return
        null = np.isnan(part)
        out[:, at] = (np.where(null, column.fill, part) - column.mean) / column.scale
        if column.missing:
            out[:, at + 1] = null

    def row(self, row: Mapping[str, Any]) -> Floats:
        """One row as an array of shape ``(width,)``: the same numbers as :meth:`matrix`, in a few microseconds."""
        out = np.zeros(self.width)
        if self.encoding.form == "scaled":
            self._scaled_row(row, out)
        else:
            for i, (name, codes) in enumerate(self._row_plan):
                out[i] = _number(name, row.get(name)) if codes is None else codes.get(row.get(name), nan)
        return out.astype(np.float32).astype(np.float64) if self.encoding.single else out

    def _scaled_row(self, row: Mapping[str, Any], out: Floats) -> None:
        for column, codes, at in zip(self.encoding.columns, self._codes, self.starts, strict=True):
            if codes is not None:
                position = codes.get(row.get(column.name))
                if position is not None:
                    out[at + int(position)] = 1.0
                continue
            value = _number(column.name, row.get(column.name))
            null = value != value
            out[at] = ((column.fill if null else value) - column.mean) / column.scale
            if column.missing:
                out[at + 1] = null


def _number(name: str, value: Any) -> float:
    if value is None:
        return nan
    if type(value) is float or type(value) is int or type(value) is bool:
        return value if isfinite(value) else nan
    return float(numbers(name, [value])[0])


def numbers(name: str, given: Values) -> Floats:
    """Numbers and booleans as 64-bit floats; null, NaN and infinite are NaN.

    >>> numbers("wind", [1, None, True, float("inf")]).tolist()
    [1.0, nan, 1.0, nan]
    """
    if not isinstance(given, np.ndarray) or given.dtype.kind == "O":
        listed = [nan if v is None else v for v in given]
        for value in listed:
            if isinstance(value, (str, bytes, list, dict)):
                raise DataError(f'the column "{name}" has {value!r}, a number is expected', hint="send it without quotes, or null", where=name)
        given = np.asarray(listed, np.float64) if listed else np.empty(0)
    if given.dtype.kind not in "fiub":
        raise DataError(f'the column "{name}" has values of type {given.dtype}, numbers are expected', hint="cast it to numbers", where=name)
    values = given.astype(np.float64)
    if not np.isfinite(values).all():
        values[~np.isfinite(values)] = nan
    return values


def _length(columns: Mapping[str, Values]) -> int:
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise DataError(f"the columns have different lengths: {sorted(lengths)}", hint="give one value per row in each column")
    return lengths.pop() if lengths else 0


def unknown_column(name: str, known: Sequence[str]) -> DataError:
    """The error for a column that the bundle does not read."""
    return DataError(f'there is no input "{name}"', hint=closest(name, known), where=name)
