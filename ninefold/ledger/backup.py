"""A whole home in a folder, verified; and back. Others may work in the home meanwhile.

The order makes the copy consistent without stopping anybody: the ledger first (what it names is older and already on disk),
then the journal, then everything else: a row that the roller moves meanwhile is in the copy of the journal, of the lake, or of
both, and the lake's application transactions keep it single. The manifest is written last: a backup without one is none.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError, CorruptError, NotFoundError
from ninefold.ids import canonical, digest
from ninefold.ledger.checkpoint import Anchor
from ninefold.ledger.driver import Driver, driver_of
from ninefold.ledger.fact import Fact
from ninefold.ledger.group import read_tree
from ninefold.ledger.ledger import Ledger
from ninefold.ledger.sqlite import SQLiteSession
from ninefold.ledger.tree import Tree
from ninefold.storage import durable

MANIFEST = "manifest.json"
_LEDGER = "ledger.db"
_LEFT_OUT = {"locks", "backups"}
_CHUNK = 1 << 20


class File(msgspec.Struct, frozen=True):
    """One file of a backup: its size in bytes, its SHA-256, its permissions."""

    size: int
    digest: str
    mode: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. ``facts`` and ``root`` say what its ledger's tree is, ``ledger`` where the ledger lies in the home."""

    origin: str
    at: int
    facts: int
    root: str
    ledger: str = _LEDGER
    files: dict[str, File]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


def backup(ledger: Ledger, to: Path) -> Manifest:
    """Copies the ledger's home into the new folder ``to`` and records it as a fact.

    The private signing key is part of it: keep the folder as you keep the home. ConflictError if ``to`` is not empty or inside the home.
    """
    to, home = Path(to).absolute(), ledger.home
    durable.refuse_used(to, hint="name a new folder for each backup")
    if to.resolve().is_relative_to(home.resolve()):
        raise ConflictError(f"{to} lies inside the home", hint="name a folder elsewhere, best on another disk")
    ledger.checkpoint()
    durable.make_folder(to, mode=0o700)
    durable.make_folder(to / "home", mode=0o700)
    ledger.driver.copy(to / "home" / _LEDGER)
    tree = _tree(to / "home" / _LEDGER)
    files = {_LEDGER: _file(to / "home" / _LEDGER)}
    for relative in _files(home, ledger):
        copied = _copy(home / relative, to / "home" / relative)
        if copied is not None:
            files[relative] = copied
    manifest = Manifest(origin=ledger.origin, at=clock.now(), facts=tree.size, root=tree.root().hex(), files=files)
    durable.write(to / MANIFEST, canonical(msgspec.to_builtins(manifest)))
    body = {"files": len(files), "bytes": manifest.size, "facts": tree.size, "digest": digest((to / MANIFEST).read_bytes())}
    ledger.record("backup.made", "home", body)
    return manifest


def check(folder: Path) -> Manifest:
    """The manifest of a backup whose every file is there and has the right bytes; else NotFoundError or CorruptError."""
    folder = Path(folder)
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NotFoundError(f"{folder} holds no backup", hint=f"give the folder with {MANIFEST}; a backup that was interrupted has none") from None
    except msgspec.MsgspecError as error:
        raise CorruptError(f"the manifest is damaged: {error}", where=str(folder / MANIFEST), hint="take another backup") from None
    for name, file in manifest.files.items():
        path = folder / "home" / name
        if not path.resolve().is_relative_to((folder / "home").resolve()):
            raise CorruptError(f'the manifest names "{name}", outside of the backup', where=str(folder / MANIFEST), hint="take another backup")
        if not path.is_file():
            raise CorruptError(f'the backup has lost "{name}"', where=str(folder), hint="take another backup")
        if path.stat().st_size != file.size or _digest(path) != file.digest:
            raise CorruptError(f'"{name}" is not what was backed up', where=str(folder), hint="take another backup")
    return manifest


def restore(folder: Path, home: Path, *, url: str | None = None, actor: str | None = None, anchors: Path | None = None) -> Fact:
    """Makes ``home`` what it was when the backup was made, all of it or nothing, and records that as a fact.

    ``url`` says where the ledger is to lie, if not in the home: a backup of any database may be brought back into any other.
    ConflictError if there is something in ``home``, or another ledger at ``url``.
    The anchors learn of it, so that what is gone since is explained, not alarming.
    """
    folder, home = Path(folder), Path(home).absolute()
    durable.refuse_used(home, hint="move it away first: a restore never mixes with what is there")
    manifest = check(folder)
    staged = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(staged, ignore_errors=True)
    for name, file in manifest.files.items():
        copied = _copy(folder / "home" / name, staged / name)
        if copied is None or copied.digest != file.digest:
            raise CorruptError(f'"{name}" changed while it was being copied', where=str(folder), hint="try again from another copy")
    if url is not None:
        _bring(staged / manifest.ledger, driver_of(url, home)[0], manifest)
    if home.exists():
        home.rmdir()
    durable.move(staged, home)
    with Ledger.open(url or f"sqlite:///{home / manifest.ledger}", home=home, actor=actor, anchors=anchors) as ledger:
        tree = ledger.tree()
        ledger.anchor.add(Anchor(clock.now(), tree.size, tree.root().hex(), restored=True))
        return ledger.record("restore.made", "home", {"backup_at": manifest.at, "facts": manifest.facts, "root": manifest.root})


def _bring(path: Path, driver: Driver, manifest: Manifest) -> None:
    """Fills the database with the ledger that was copied to ``path``, which is gone then."""
    if not _brought(driver, manifest):
        driver.fill(path)
    path.unlink()


def _brought(driver: Driver, manifest: Manifest) -> bool:
    """Whether an earlier restore was interrupted after it had filled the database."""
    if driver.revision() is None:
        return False
    with closing(driver.reader()) as session:
        tree, origin = read_tree(session), session.one("select value from meta where name = 'origin'", ())
    return (tree.size, tree.root().hex(), origin and origin["value"]) == (manifest.facts, manifest.root, manifest.origin)


def _files(home: Path, ledger: Ledger) -> Iterator[str]:
    """Every file of the home but the ledger's own, locks and temporary ones: the journal first."""
    own = Path(ledger.driver.url.removeprefix("sqlite:///")).name  # of another database nothing lies here
    found = []
    for folder, folders, names in os.walk(home):
        at = Path(folder).relative_to(home)
        folders[:] = sorted(name for name in folders if not (at == Path() and name in _LEFT_OUT))
        for name in sorted(names):
            mine = at == Path() and name in {own, f"{own}-wal", f"{own}-shm", f"{own}-journal"}
            path = Path(folder) / name
            if not mine and not name.endswith(durable.TEMPORARY) and path.is_file() and not path.is_symlink():
                found.append((at / name).as_posix())
    # a Delta log before the files that it names: what a later entry names is not needed by an earlier one
    yield from sorted(found, key=lambda name: (not name.startswith("journal/"), "/_delta_log/" not in name, name))


def _copy(source: Path, target: Path) -> File | None:
    """A durable copy and its digest as copied; None if the file went away meanwhile (the roller's and the compaction's right)."""
    read = hashlib.sha256()
    size = 0

    def chunks() -> Iterator[bytes]:
        nonlocal size
        while chunk := stream.read(_CHUNK):
            read.update(chunk)
            size += len(chunk)
            yield chunk

    try:
        with source.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode & 0o777
            durable.write(target, chunks(), mode=mode)
    except FileNotFoundError:
        return None
    return File(size, read.hexdigest(), mode)


def _file(path: Path) -> File:
    return File(path.stat().st_size, _digest(path), path.stat().st_mode & 0o777)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _tree(path: Path) -> Tree:
    """The state of the tree in a copied ledger."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return read_tree(SQLiteSession(connection))
