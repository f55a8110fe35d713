"""Files as one frame: only the new ones where that is possible, all of them where one changed."""

from typing import Any

import polars as pl

from ninefold.ids import digest
from ninefold.sources.files import FoundFile
from ninefold.sources.formats import decode
from ninefold.sources.read import Batch, FileRead
from ninefold.sources.source import Source
from ninefold.sources.types import fitted, kept_schema, one_schema, schema_of
from ninefold.sources.watermark import above, highest


def from_files(source: Source, files: list[FoundFile], state: dict[str, Any] | None) -> Batch:
    """The rows of the files that are new since ``state``; of all where a file that was read has changed or gone."""
    seen: dict[str, dict[str, Any]] = (state or {}).get("files", {})
    fresh = [f for f in files if f.name not in seen]
    if state and seen.keys() <= {f.name for f in files} and all(_same(f, seen[f.name]) for f in files if f.name in seen):
        schema = schema_of(state["schema"])
        batch = _read(source, fresh, seen, schema, state.get("watermark"))
        if batch is not None:
            return batch
    everything = _read(source, files, {}, None, None)
    assert everything is not None  # only a known schema can be too narrow
    return everything


def _same(file: FoundFile, before: dict[str, Any]) -> bool:
    if file.size == before["size"] and file.stamp == before["stamp"]:
        return True
    return digest(file.read()) == str(before["sha256"])


def _read(source: Source, files: list[FoundFile], seen: dict[str, Any], known: pl.Schema | None, mark: Any) -> Batch | None:
    """The frame of ``files``; None where they need wider types than ``known``, so that all must be read again."""
    frames: list[tuple[FoundFile, pl.DataFrame]] = []
    reads, kept = [], dict(seen)
    for file in files:
        data = file.read()
        frame = decode(data, file.name, declared=source.format, null=source.null, types=dict(source.types))
        frames.append((file, frame))
        reads.append(FileRead(file.name, digest(data), len(data), frame.height))
        kept[file.name] = {"size": file.size, "stamp": file.stamp, "sha256": reads[-1].sha256}
    before = [("the rows read before", known)] if known is not None else []
    schema = one_schema([*before, *((f.name, frame.schema) for f, frame in frames)])
    if known is not None and dict(schema) != dict(known):
        return None
    rows = pl.concat([fitted(frame, schema) for _, frame in frames]) if frames else fitted(pl.DataFrame(), schema).clear()
    if source.watermark:
        rows = above(rows, source.watermark, mark)
    state = {"files": kept, "schema": kept_schema(schema), "watermark": highest(rows, source.watermark, mark)}
    return Batch(rows, known is not None, state, reads)
