"""Plans by the digests of a project's files: a run in which nothing changed imports nothing of the user's.

Importing a project file that itself imports a data-frame library costs seconds; reading three digests costs none.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import now
from ninefold.errors import NotFoundError
from ninefold.ids import digest_of

if TYPE_CHECKING:
    from ninefold.ledger import Ledger

_KNOWN = "select mtime_ns, size, digest from files where path = ?"
_PLAN = "select body from plans where project = ? and digest = ?"
_CHUNK = 1 << 20
# a file written within the clock's resolution of its last digest may have the same time and size and another content
_SETTLED_NS = 2_000_000_000


def file_digests(ledger: "Ledger", paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files by path; files whose time and size are as recorded are not read again. NotFoundError if one is missing."""
    found: dict[str, str] = {}
    news: list[tuple[str, int, int, str]] = []
    for path in paths:
        name = str(path.absolute())
        try:
            stat = os.stat(name)
        except FileNotFoundError:
            raise NotFoundError(f'there is no file "{name}"') from None
        row = ledger.one(_KNOWN, name)
        if row is not None and (row["mtime_ns"], row["size"]) == (stat.st_mtime_ns, stat.st_size):
            found[name] = row["digest"]
            continue
        found[name] = digest_file(path)
        if now() * 1000 - stat.st_mtime_ns > _SETTLED_NS:
            news.append((name, stat.st_mtime_ns, stat.st_size, found[name]))
    if news:
        _remember(ledger, news)
    return found


def _remember(ledger: "Ledger", news: Sequence[tuple[str, int, int, str]]) -> None:
    def write(tx: Any) -> None:
        for name, mtime, size, digest in news:
            tx.execute("delete from files where path = ?", name)
            tx.add("files", [{"path": name, "mtime_ns": mtime, "size": size, "digest": digest}])

    ledger.write(write)


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


def plan_digest(ledger: "Ledger", files: Sequence[Path], *, lock: Path | None = None, settings: Mapping[str, str] | None = None) -> str:
    """What a plan depends on: the project's files, its lock, settings, this interpreter and this ninefold."""
    import ninefold

    digests = file_digests(ledger, [*files, *([lock] if lock is not None and lock.is_file() else [])])
    return digest_of([sorted(digests.items()), dict(settings or {}), sys.version, sys.prefix, ninefold.__version__])


def store_plan(ledger: "Ledger", project: str, digest: str, body: Mapping[str, Any]) -> None:
    """Keep a plan (JSON) under a digest; the newest wins."""

    def write(tx: Any) -> None:
        tx.execute("delete from plans where project = ? and digest = ?", project, digest)
        tx.add("plans", [{"project": project, "digest": digest, "body": msgspec.json.encode(dict(body)).decode(), "at": now()}])

    ledger.write(write)


def load_plan(ledger: "Ledger", project: str, digest: str) -> dict[str, Any] | None:
    """The plan stored under that digest, None if there is none."""
    row = ledger.one(_PLAN, project, digest)
    return None if row is None else msgspec.json.decode(row["body"], type=dict[str, Any])
