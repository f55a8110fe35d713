"""Finding files: a path, a folder, a glob, an object store's prefix, a web address."""

import fnmatch
import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ninefold.errors import DataError, UsageError, closest
from ninefold.sources.location import Location

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is there: ``name`` as messages and records show it, ``stamp`` changes when its content may have changed.

    ``path`` is where a file of this machine lies.
    """

    name: str
    size: int
    stamp: str
    read: Callable[[], bytes]
    path: Path | None = None


def find(location: Location) -> list[FoundFile]:
    """The files at a location, sorted by name. Raises ``DataError`` naming the path where there is none.

    A folder (or a prefix that ends in ``/``) stands for all files in it, without those whose name begins with ``.`` or ``_``.
    """
    finders = {"local": _local, "s3": _objects, "http": _web}
    return sorted((replace(f, name=location.name(f.name)) for f in finders[location.kind](location.url)), key=lambda f: f.name)


def _local(url: str) -> list[FoundFile]:
    path = Path(url)
    if _WILD.search(url) and not path.exists():
        paths = [Path(p) for p in glob.glob(url, recursive=True)]
        paths = [p for p in paths if p.is_file()]
        if not paths:
            raise DataError("no file matches", where=url, hint=_nearby(Path(_WILD.split(url)[0]).parent if not url.endswith("/") else path, "*"))
    elif path.is_dir():
        paths = [p for p in path.rglob("*") if p.is_file() and not p.name.startswith((".", "_"))]
        if not paths:
            raise DataError("the folder holds no files", where=url, hint="put files into it, or correct the path")
    elif path.is_file():
        paths = [path]
    else:
        raise DataError("there is no such file", where=url, hint=_nearby(path.parent, path.name))
    return [_file(p) for p in paths]


def _file(path: Path) -> FoundFile:
    try:
        stat = path.stat()
        if not os.access(path, os.R_OK):
            raise PermissionError(13, "no permission to read it")
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror}", where=str(path), hint="give this user the right to read it") from error
    return FoundFile(str(path), stat.st_size, f"{stat.st_mtime_ns}", path.read_bytes, path)


def _nearby(folder: Path, name: str) -> str:
    if not folder.is_dir():
        while not folder.is_dir():
            folder = folder.parent
        return f"of its folders only {folder} exists; paths are relative to the project's root"
    return closest(name, [p.name for p in folder.iterdir()]) + f" in {folder}"


def _objects(url: str) -> list[FoundFile]:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    bucket, _, key = url.removeprefix("s3://").partition("/")
    options: Any = {"allow_http": True} if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://") else None
    prefix = _WILD.split(key)[0]
    listed = prefix if key.endswith("/") and prefix == key else prefix.rpartition("/")[0]
    try:
        store = from_url(f"s3://{bucket}", client_options=options)
        metas = [m for batch in obstore.list(store, prefix=listed or None) for m in batch]
    except BaseError as error:
        first = (str(error).splitlines() or [""])[0]
        raise DataError(
            f"the bucket cannot be listed: {first}", where=url, hint="check AWS_REGION, AWS_ENDPOINT_URL and the keys in the environment"
        ) from error

    def wanted(path: str) -> bool:
        if key.endswith("/"):
            return path.startswith(key) and not path.rpartition("/")[2].startswith((".", "_"))
        return fnmatch.fnmatchcase(path, key) if prefix != key else path == key

    def reader(path: str) -> Callable[[], bytes]:
        return lambda: bytes(obstore.get(store, path).bytes())

    found = [m for m in metas if wanted(m["path"])]
    if not found:
        raise DataError("no object matches", where=url, hint=closest(key, [m["path"] for m in metas]))
    return [FoundFile(f"s3://{bucket}/{m['path']}", m["size"], str(m["e_tag"] or m["last_modified"]), reader(m["path"])) for m in found]


def _web(url: str) -> list[FoundFile]:
    import httpx2 as httpx

    def read() -> bytes:
        return bytes(_answer("GET").content)

    def _answer(method: str) -> Any:
        try:
            answer = httpx.request(method, url, follow_redirects=False, timeout=60)
        except httpx.HTTPError as error:
            raise DataError(f"it cannot be fetched: {error}", where=url, hint="check the address and the network") from error
        if answer.is_redirect:
            # only addresses that the project names are called
            raise DataError(f"it redirects to {answer.headers.get('location')}", where=url, hint="write that address, if you trust it")
        if answer.status_code >= 400 and not (method == "HEAD" and answer.status_code in {403, 405, 501}):
            raise DataError(f"the server answers {answer.status_code}", where=url, hint="check the address in a browser")
        return answer

    if _WILD.search(url.partition("?")[0]):
        raise UsageError(f'"{url}": a web address cannot be a pattern', hint="write one source for each address")
    head = _answer("HEAD").headers
    stamp = head.get("etag") or head.get("last-modified") or ""
    return [FoundFile(url, int(head.get("content-length") or 0), stamp, read)]
