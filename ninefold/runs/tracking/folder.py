"""A spool as a folder: what lies where, whose it is, and what is left of one whose process is gone."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import msgspec

from ninefold import ids

ABOUT, OWNER, ENTRIES, FILES, RESERVED, RUNNING, LOST = "about.json", "owner", "entries", "files", "reserve", "running", "lost"


class About(msgspec.Struct, frozen=True):
    """Whose entries these are and where they go: the URL of a server, without secrets, or the folder of a home."""

    id: str
    target: str
    host: str
    pid: int
    created: int
    project: str = ""


def entries(spool: Path) -> Path:
    """The journal of a spool."""
    return spool / ENTRIES


def content(spool: Path, name: str) -> Path:
    """A file's content in a spool."""
    return spool / FILES / PurePosixPath(name).name


def about(spool: Path) -> About | None:
    """Whose spool it is; None where it was never whole: it holds nothing."""
    try:
        return msgspec.json.decode((spool / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError):
        return None


def left(folder: Path) -> list[Path]:
    """The spools in a folder, oldest first, also those of living processes."""
    return sorted(path for path in folder.glob("*") if path.is_dir() and ids.is_id(path.name))


@contextmanager
def owned(spool: Path) -> Iterator[bool]:
    """Own a spool whose process is gone; False where it lives, or another one delivers it."""
    try:
        fd = os.open(spool / OWNER, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield (spool / OWNER).exists()  # it may have been removed while we came
    finally:
        os.close(fd)


def running(spool: Path) -> list[str]:
    """The runs that its process began and did not end."""
    return [path.name for path in (spool / RUNNING).glob("*")]


def lost(spool: Path) -> dict[str, int]:
    """How many entries of runs its process could not keep, as far as the target does not know of them."""
    try:
        return msgspec.json.decode((spool / LOST).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        return {}  # nothing was lost, or it could not be written down


def names(folder: Path, run: str) -> bool:
    """Whether a spool in a folder says anything of a run."""
    return any(run.encode() in path.read_bytes() for spool in left(folder) for path in entries(spool).glob("*.*"))


def size(spool: Path) -> int:
    """The bytes of its entries and files."""
    return sum(path.stat().st_size for part in (ENTRIES, FILES) for path in (spool / part).glob("*") if path.is_file())


def touched(spool: Path) -> int:
    """When its process last said something."""
    places = [spool, *entries(spool).glob("*"), *(spool / RUNNING).glob("*")]
    return max(path.stat().st_mtime_ns for path in places) // 1000


def forget(spool: Path, name: str) -> int:
    """Remove a file's content that was taken; its bytes."""
    path = content(spool, name)
    try:
        size = path.stat().st_size
        os.unlink(path)
    except FileNotFoundError:
        return 0
    return size


def remove(spool: Path) -> None:
    """Remove a spool of which everything was taken. First its name for others, so that a crash in between leaves nothing half."""
    with suppress(FileNotFoundError):
        os.unlink(spool / ABOUT)
    shutil.rmtree(spool, ignore_errors=True)
