"""Walking a store of files: folders and regular files, no link followed."""

import os
from collections.abc import Iterator
from pathlib import Path

from ninefold.errors import DataError


def plain(name: object) -> str:
    """The name of one folder, and nothing that leads elsewhere."""
    text = str(name)
    if not text or "/" in text or "\\" in text or text in {".", ".."}:
        raise DataError(f"a folder is named {text[:80]!r}", hint="the store was changed by hand")
    return text


def names(folder: Path) -> list[str]:
    """The names of the folders in a folder, in order."""
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)) if folder.is_dir() else []


def folders(folder: Path) -> Iterator[Path]:
    """The folders in a folder, in order; none where it is a link."""
    return (folder / name for name in names(folder) if not folder.is_symlink())


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Regular files below a folder by their path inside of it: a name with "/" in it lies deeper."""
    if folder.is_symlink():
        return
    for where, _, inside in os.walk(folder, followlinks=False):
        for name in inside:
            path = Path(where, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix(), path
