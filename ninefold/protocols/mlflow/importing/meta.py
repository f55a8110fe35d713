"""The small YAML files of a store of files, read as data: a flat mapping of texts and numbers, at most one mapping deep.

They were written by PyYAML, so its safe loader reads them: folded lines, quotes and escapes come back as they went in.
"""

import os
import stat
from pathlib import Path
from typing import Any

from ninefold.errors import DataError, NotFoundError

_MOST = 32 << 20  # bytes: profiles of datasets may have 16 MiB of text


def read_text(path: Path) -> str:
    """A regular file's text as it is; no link is followed. NotFoundError, or DataError for what is no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(f"there is no {path.name}", where=str(path.parent), hint="is the folder whole?") from None
    except OSError as error:
        raise DataError(f"it cannot be read ({error.strerror})", where=str(path), hint="links are not followed") from None
    with os.fdopen(fd, "rb") as stream:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
            raise DataError(f"it is no regular file of at most {_MOST} bytes", where=str(path), hint="restore it from a copy")
        return stream.read().decode("utf-8", "replace")


def read_meta(path: Path) -> dict[str, Any]:
    r"""What a ``meta.yaml`` says; DataError where that is no plain mapping.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "meta.yaml"
    >>> _ = path.write_text("name: 'a: b'\nstatus: 3\ntags: {x: '1'}\n"); read_meta(path)
    {'name': 'a: b', 'status': 3, 'tags': {'x': '1'}}
    >>> _ = path.write_text("!!python/object/apply:os.system ['true']"); read_meta(path)
    Traceback (most recent call last):
        ...
    ninefold.errors.DataError: ...meta.yaml: it is no plain YAML
    """
    import yaml

    text = read_text(path)
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe loaders
    except (yaml.YAMLError, ValueError, RecursionError):
        raise DataError("it is no plain YAML", where=str(path), hint="restore it from a copy") from None
    if not isinstance(found, dict) or not all(_plain(key) and _flat(value) for key, value in found.items()):
        raise DataError("it is no mapping of texts and numbers", where=str(path), hint="restore it from a copy")
    return {str(key): value for key, value in found.items()}


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _flat(value: object) -> bool:
    """Whether a value is plain, or a container of plain ones, or a mapping of such mappings (where a trace lies)."""
    if isinstance(value, dict):
        return all(_plain(k) and (_plain(v) or (isinstance(v, dict) and all(map(_plain, v.values())))) for k, v in value.items())
    return _plain(value) or (isinstance(value, list) and all(map(_plain, value)))
