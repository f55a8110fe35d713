"""A version of a table, as its commit recorded it."""

from typing import Any

import msgspec

KEY = "ninefold"  # the entry of Delta's commit information that is ours


class Version(msgspec.Struct, frozen=True):
    """What one commit left: ``rows`` and ``bytes`` are of the whole table, ``added`` of the commit alone.

    ``digest`` is the content digest where the commit knew it (an overwrite, a first append, a compaction); else None,
    and ``LakeTable.digest`` computes it. ``at`` is microseconds UTC; ``mode`` overwrite, append, compact, evolve, or foreign
    for a commit that was not ours.
    """

    version: int
    at: int
    rows: int
    bytes: int
    digest: str | None
    mode: str
    meta: dict[str, str] = {}
    added: int = 0

    def record(self) -> dict[str, Any]:
        """What goes into the commit information."""
        return {KEY: {name: getattr(self, name) for name in self.__struct_fields__ if name != "version"}}


def of_commit(version: int, info: dict[str, Any]) -> Version:
    """The version of Delta's commit information."""
    ours = info.get(KEY)
    if ours is None:
        at = int(info.get("timestamp") or 0) * 1000
        return Version(version, at, -1, -1, None, "foreign", {"operation": str(info.get("operation", ""))})
    return msgspec.convert({**ours, "version": version}, Version)
