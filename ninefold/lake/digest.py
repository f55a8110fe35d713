"""The content of a table as one digest: equal rows in equal order give equal digests, however the files are cut.

For every column: its name, its type, the positions of its nulls and the bytes of its values, null slots zeroed; text and
lists as lengths and contents. Values stream through SHA-256 column by column, so that chunk and file limits do not show.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from ninefold.ids import digest_of
from ninefold.lake.types import encode


def content_digest(frames: Iterable[pl.DataFrame], schema: pl.Schema) -> str:
    """The digest of the rows of all frames in turn, whose columns have this schema.

    >>> whole, parts = pl.DataFrame({"a": [1, None, 3]}), [pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [None, 3]})]
    >>> content_digest([whole], whole.schema) == content_digest(parts, whole.schema)
    True
    """
    columns = [_Column(dtype) for dtype in schema.values()]
    for frame in frames:
        for column, (name, dtype) in zip(columns, schema.items(), strict=True):
            series = frame[name]
            column.add(series if series.dtype == dtype else series.cast(dtype))
    return digest_of([[name, encode(dtype), column.result()] for column, (name, dtype) in zip(columns, schema.items(), strict=True)])


class _Column:
    """The running digest of one column, or of one level of a nested one."""

    def __init__(self, dtype: Any) -> None:
        self.rows = 0
        self.nulls, self.sizes, self.values = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
        if isinstance(dtype, pl.List | pl.Array):
            self.inner = [_Column(dtype.inner)]
        elif isinstance(dtype, pl.Struct):
            self.inner = [_Column(field.dtype) for field in dtype.fields]
        else:
            self.inner = []

    def add(self, series: pl.Series) -> None:
        if series.null_count():
            self.nulls.update((series.is_null().arg_true().cast(pl.Int64) + self.rows).to_numpy().tobytes())
        self.rows += len(series)
        dtype = series.dtype
        if isinstance(dtype, pl.Struct):
            for inner, field in zip(self.inner, dtype.fields, strict=True):
                inner.add(series.struct.field(field.name))
        elif isinstance(dtype, pl.List | pl.Array):
            lists = series.cast(pl.List(dtype.inner))
            self.sizes.update(_bytes(lists.list.len().fill_null(0).cast(pl.Int64)))
            full = lists.filter(lists.list.len().fill_null(0) > 0)
            self.inner[0].add(full.explode() if len(full) else full.explode().clear())
        elif dtype in (pl.String, pl.Binary, pl.Categorical, pl.Enum, pl.Decimal):
            self._add_text(series)
        elif dtype != pl.Null:
            self.values.update(_bytes(_numbers(series)))

    def _add_text(self, series: pl.Series) -> None:
        text = series if series.dtype in (pl.String, pl.Binary) else series.cast(pl.String)
        text = text.fill_null("" if text.dtype == pl.String else b"").rechunk()
        sizes = text.str.len_bytes() if text.dtype == pl.String else text.bin.size()
        self.sizes.update(_bytes(sizes.cast(pl.UInt32)))
        array = text.to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, data = array.buffers()
        if data is not None and len(array):
            limits = np.frombuffer(offsets, dtype=np.int64)
            start, end = limits[array.offset], limits[array.offset + len(array)]
            self.values.update(memoryview(data)[int(start) : int(end)])

    def result(self) -> list[Any]:
        levels = [inner.result() for inner in self.inner]
        return [self.rows, self.nulls.hexdigest(), self.sizes.hexdigest(), self.values.hexdigest(), levels]


def _numbers(series: pl.Series) -> pl.Series:
    physical = series.to_physical() if series.dtype.is_temporal() else series
    if physical.dtype == pl.Boolean:
        physical = physical.cast(pl.UInt8)
    return physical.fill_null(0)


def _bytes(series: pl.Series) -> memoryview:
    array = np.ascontiguousarray(series.to_numpy())
    if array.dtype.kind == "f":
        array = array + 0.0  # a copy, in which both zeros are one
        array[np.isnan(array)] = np.nan  # and every NaN too
    return array.astype(array.dtype.newbyteorder("<"), copy=False).data.cast("B") if len(array) else memoryview(b"")
