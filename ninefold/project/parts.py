"""Parts of a step's key that are read from the world when a key is made: files, tables, instants.

They are plain values that can be stored with the plan, so that a run in which nothing changed asks them again without
importing anything of the user's, and without an engine.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output
from ninefold.errors import CorruptError
from ninefold.project.filedigests import SourceParts
from ninefold.tables.instants import latest_instant
from ninefold.units import calendar

if TYPE_CHECKING:
    from ninefold.project.home import Home


@dataclass(frozen=True, slots=True)
class Fixed:
    """Parts that do not change while the code does not: digests of code, parameters, package versions.

    ``unkeyed`` is the reason why they do not tell everything: then the step has no key.
    """

    parts: tuple[tuple[str, str], ...]
    unkeyed: str | None = None

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        return dict(self.parts)


@dataclass(frozen=True, slots=True)
class Known:
    """The latest instant ≤ ``as_of`` at which anything in the needed outputs changed: a run without news is cached.

    ``field`` names the file of instants in the output's reference.
    """

    needs: tuple[str, ...]
    as_of: int
    field: str = "instants"

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        found = {}
        for name in self.needs:
            path = needs[name].ref.get(self.field)
            if path:
                found[f"{self.field}:{name}"] = str(latest_instant(Path(path), self.as_of))
        return found


@dataclass(frozen=True, slots=True)
class Tick:
    """The latest instant of a calendar before ``as_of``: a new question needs no news. ``every`` is the calendar's text."""

    every: str
    tz: str
    as_of: int

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        rhythm = calendar(self.every)
        # two turns back: the last one may be longer by an hour of daylight saving
        ticks = rhythm.ticks(self.as_of - 2 * rhythm.every, self.as_of, self.tz)
        return {"tick": str(ticks[-1]) if ticks else "none"}


@dataclass(frozen=True, slots=True)
class LakeHead:
    """The newest commit of a lake folder that is written from outside the run (updates, events): its log entry's name and size."""

    label: str
    folder: str

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        return {self.label: lake_head(Path(self.folder))}


def lake_head(folder: Path) -> str:
    """The name and size of the newest entry of a Delta log; "none" where there is no table. It costs one directory listing."""
    try:
        with os.scandir(folder / "_delta_log") as entries:
            newest = max((e.name, e.stat().st_size) for e in entries if e.name.endswith(".json"))
    except (FileNotFoundError, ValueError):
        return "none"
    return f"{newest[0]}:{newest[1]}"


class RegisteredVersion:
    """The registered version that an address means when the key is made: an alias may lead elsewhere the next time."""

    def __init__(self, home: "Home", address: str) -> None:
        self.home, self.address = home, address

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        from ninefold.project.live.registered import meant  # only where a project names one

        return {"registered": meant(self.home, self.address)}

    def stored(self) -> dict[str, str]:
        """What a stored plan keeps of it."""
        return {"address": self.address}


@dataclass(frozen=True, slots=True)
class Together:
    """Several of these."""

    of: tuple[Any, ...]

    def __call__(self, needs: Mapping[str, Output]) -> dict[str, str]:
        merged: dict[str, str] = {}
        for part in self.of:
            merged |= part(needs)
        return merged


_TYPES: dict[str, type[Any]] = {t.__name__: t for t in (Fixed, Known, LakeHead, Tick)}


def encode(part: Any) -> dict[str, Any]:
    """A part as JSON.

    >>> encode(Fixed((("code", "12"),)))
    {'type': 'Fixed', 'parts': (('code', '12'),), 'unkeyed': None}
    """
    if isinstance(part, Together):
        return {"type": "Together", "of": [encode(p) for p in part.of]}
    if isinstance(part, SourceParts):
        return {"type": "SourceParts", **part.stored()}
    if isinstance(part, RegisteredVersion):
        return {"type": "RegisteredVersion", **part.stored()}
    return {"type": type(part).__name__, **asdict(part)}


def decode(stored: dict[str, Any], home: "Home") -> Any:
    """The part that was encoded; raises CorruptError for a kind that does not exist."""
    fields = {k: _tuples(v) for k, v in stored.items() if k != "type"}
    kind = stored.get("type")
    if kind == "Together":
        return Together(tuple(decode(p, home) for p in stored["of"]))
    if kind == "SourceParts":
        return SourceParts(home, **fields)
    if kind == "RegisteredVersion":
        return RegisteredVersion(home, **fields)
    if kind not in _TYPES:
        raise CorruptError(f"a stored plan has a part of the kind {kind!r}")
    return _TYPES[kind](**fields)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value
