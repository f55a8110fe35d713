"""Names that come from outside, kept inside their root."""

import re
from pathlib import Path

from ninefold.errors import DeniedError

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def checked(name: str) -> str:
    """The name itself, if it is a plain relative path with forward slashes; else DeniedError.

    >>> checked("runs/7/model.bin")
    'runs/7/model.bin'
    >>> checked("../secret")
    Traceback (most recent call last):
        ...
    ninefold.errors.DeniedError: '../secret' is no name inside the store
    """
    parts = name.split("/")
    if not name or _FORBIDDEN.search(name) or any(part in ("", ".", "..") for part in parts) or (len(parts[0]) == 2 and parts[0][1] == ":"):
        raise DeniedError(f"{name[:200]!r} is no name inside the store", hint='write a relative path without "..", such as "model/weights.bin"')
    return name


def inside(root: Path, name: str) -> Path:
    """The path of a name below ``root``. No part of it may be a symbolic link: DeniedError."""
    path = root
    for part in checked(name).split("/"):
        path = path / part
        if path.is_symlink():
            raise DeniedError(f'"{name}" leads through a symbolic link', hint="links are not followed; store the file itself")
    return path
