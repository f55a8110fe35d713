"""One file's bytes as a typed frame: CSV, JSON lines, Parquet, Arrow; also gzipped or zipped."""

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import polars as pl

from ninefold.errors import DataError, UsageError
from ninefold.sources.source import FORMATS
from ninefold.sources.types import Infer, typed
from ninefold.sources.unpack import unpacked

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_INFER: dict[str, Infer] = {"csv": "all", "tsv": "all", "json": "times", "parquet": "nothing", "arrow": "nothing"}


def format_of(name: str, declared: str | None = None) -> str:
    """The format of a file by its name, or the one declared.

    >>> format_of("flights.csv.zip"), format_of("x.jsonl.gz"), format_of("part-0.parquet")
    ('csv', 'json', 'parquet')
    """
    if declared is not None:
        return declared
    suffixes = [s.lower() for s in PurePosixPath(name).suffixes if s.lower() not in {".gz", ".zip"}]
    if not suffixes or suffixes[-1] not in _SUFFIXES:
        raise UsageError(f"the format of {name} cannot be told from its name", hint=f"say format= one of {', '.join(FORMATS)}")
    return _SUFFIXES[suffixes[-1]]


def decode(data: bytes, name: str, *, declared: str | None = None, null: Sequence[str] = (), types: Mapping[str, str] | None = None) -> pl.DataFrame:
    r"""The rows of one file, typed from all its values. Raises ``DataError`` naming the file and the way out.

    >>> decode(b"a,b\n1,NA\n2,x\n", "t.csv", null=["NA"]).rows()
    [(1, None), (2, 'x')]
    """
    kind = format_of(name, declared)
    data = unpacked(data, name)
    if not data.strip():
        raise DataError("the file is empty", where=name, hint="put rows with a header line into it, or take it out of the source")
    readers = {"csv": _csv, "tsv": _csv, "json": _json, "parquet": _parquet, "arrow": _arrow}
    try:
        frame = readers[kind](data, name, null, "\t" if kind == "tsv" else ",")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"it cannot be read as {kind}: {_reason(error)}", where=name, hint=_hint(kind)) from error
    return typed(frame, types or {}, name, _INFER[kind])


def _csv(data: bytes, name: str, null: Sequence[str], separator: str) -> pl.DataFrame:
    head = data[:4096].lstrip(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"<" or b"\x00" in head:
        looks = "a web page or XML" if head[:1] == b"<" else "a binary file"
        raise DataError(f"it is not a CSV file but looks like {looks}", where=name, hint="check the download, or say format=")
    first = head.split(b"\n", 1)[0]
    if separator == "," and b"," not in first:
        # the separator that the header uses; a file of one column has none
        separator = next((s.decode() for s in (b";", b"\t", b"|") if s in first), ",")
    # everything as text first, so that types follow from all values and not from the first hundred
    frame = pl.read_csv(data, infer_schema=False, null_values=list(null) or None, separator=separator)
    if twice := [c for c in frame.columns if "_duplicated_" in c]:
        column = twice[0].rpartition("_duplicated_")[0]
        raise DataError(f'the header names the column "{column}" twice', where=name, hint="rename one of them in the file")
    return frame


def _json(data: bytes, name: str, null: Sequence[str], separator: str) -> pl.DataFrame:
    read = pl.read_json if data.lstrip()[:1] == b"[" else pl.read_ndjson
    frame = read(io.BytesIO(data), infer_schema_length=None)
    return frame.with_columns(pl.col(pl.String).replace(dict.fromkeys(null, None))) if null else frame


def _parquet(data: bytes, name: str, null: Sequence[str], separator: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(data))


def _arrow(data: bytes, name: str, null: Sequence[str], separator: str) -> pl.DataFrame:
    buffer = io.BytesIO(data)
    return pl.read_ipc(buffer) if data[:6] == b"ARROW1" else pl.read_ipc_stream(buffer)


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _hint(kind: str) -> str:
    if kind in {"csv", "tsv"}:
        return "each line must have as many fields as the header; text with separators in it needs quotes"
    return "check the file, or say format= if it is of another one"
