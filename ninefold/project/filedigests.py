"""Digests of files, remembered by path, time and size, so that an unchanged file is not read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ninefold.clock import now
from ninefold.engine.step import Output
from ninefold.sources.read import fingerprint
from ninefold.sources.source import Source

if TYPE_CHECKING:
    from ninefold.project.home import Home

_FIND = "select digest from files where path = ? and mtime_ns = ? and size = ?"
_KEEP = (
    "insert into files (path, mtime_ns, size, digest) values (?, ?, ?, ?) on conflict (path) do update"
    " set mtime_ns = excluded.mtime_ns, size = excluded.size, digest = excluded.digest"
)
_SETTLED_NS = 2_000_000_000


def file_digest(home: "Home", path: Path) -> str:
    """SHA-256 of a file, from memory where its time and size are those that were seen."""
    path = path.absolute()
    stat = path.stat()
    known = home.ledger.one(_FIND, str(path), stat.st_mtime_ns, stat.st_size)
    if known is not None:
        return str(known[0])
    import hashlib

    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    # a file that was written just now may be written again within the clock's resolution, with the same size
    if now() * 1000 - stat.st_mtime_ns > _SETTLED_NS:
        home.ledger.write(lambda tx: tx.execute(_KEEP, str(path), stat.st_mtime_ns, stat.st_size, found))
    return found


@dataclass(frozen=True, slots=True)
class SourceParts:
    """What a source holds now, without reading its rows: file digests, entity tags, options. Stored with the plan by its declaration."""

    home: "Home"
    location: str | None
    null: tuple[str, ...]
    types: tuple[tuple[str, str], ...]
    query: str | None
    watermark: str | None
    format: str | None

    @classmethod
    def of(cls, source: Source, home: "Home") -> "SourceParts":
        """The parts of a declared source that is a path or a URL."""
        where = source.of if isinstance(source.of, str) else None
        return cls(home, where, source.null, source.types, source.query, source.watermark, source.format)

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        source = Source(self.location, null=list(self.null), types=dict(self.types), query=self.query, watermark=self.watermark, format=self.format)
        return fingerprint(source, self.home.settings, lambda path: file_digest(self.home, path))

    def stored(self) -> dict[str, Any]:
        """As JSON, without the home."""
        return {
            "location": self.location,
            "null": self.null,
            "types": self.types,
            "query": self.query,
            "watermark": self.watermark,
            "format": self.format,
        }
