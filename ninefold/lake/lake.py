"""A lake: tables by name below one root."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ninefold.errors import UsageError
from ninefold.storage import Store, open_store
from ninefold.storage.paths import checked, inside

if TYPE_CHECKING:
    from ninefold.lake.table import LakeTable

_LOG = "/_delta_log/"


class Lake:
    """Delta tables below a directory or an ``s3://bucket/prefix``; a table's name is its path below the root.

    >>> import tempfile, polars as pl
    >>> table = Lake(tempfile.mkdtemp()).table("flights/tables/departures")
    >>> table.write(pl.DataFrame({"flight": ["UA1", "B62"]})).version, table.read()["flight"].to_list()
    (0, ['UA1', 'B62'])
    """

    def __init__(self, url: str | Path) -> None:
        parts = urlsplit(str(url))
        if parts.scheme not in ("", "file", "s3"):
            raise UsageError(f'a lake cannot lie at "{url}"', hint='write a path or "s3://bucket/prefix"')
        self.root = None if parts.scheme == "s3" else Path(unquote(parts.path) if parts.scheme else str(url)).resolve()
        self.url = str(url).rstrip("/") if self.root is None else str(self.root)
        self.options = _s3_options() if self.root is None else {}

    def table(self, name: str) -> "LakeTable":
        """The table of that name, whether or not anything was written to it yet."""
        # deltalake and polars are loaded by whoever asks for a table, not by whoever imports the lake
        from ninefold.lake.table import LakeTable

        where = str(inside(self.root, name)) if self.root is not None else f"{self.url}/{checked(name)}"
        return LakeTable(where, name=name, options=self.options)

    def tables(self, prefix: str = "") -> list[str]:
        """The names of the tables that exist and begin with ``prefix``."""
        if self.root is not None:
            return sorted(name for name in _local_tables(self.root) if name.startswith(prefix))
        store: Store = open_store(self.url)
        names: Iterable[str] = (path.partition(_LOG)[0] for path in store.list(prefix) if _LOG in path)
        return sorted(set(names))


def _local_tables(root: Path) -> Iterable[str]:
    for where, folders, _ in os.walk(root):
        if "_delta_log" in folders:
            yield Path(where).relative_to(root).as_posix()
            folders.clear()  # a table contains no other tables


def _s3_options() -> dict[str, str]:
    """The environment's settings, as both deltalake and polars take them."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")
    options = {name.lower(): value for name in names if (value := os.environ.get(name))}
    options.setdefault("aws_region", os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
    if options.get("aws_endpoint_url", "").startswith("http://"):
        options["aws_allow_http"] = "true"
    return options
