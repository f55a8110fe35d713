"""From a step's output back to everything that went into it: the recorded steps, by the contents that their keys name."""

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ninefold.ledger import Ledger

_FIND = "select * from steps where project = ? and name = ? and content = ? order by at desc limit 1"
_NEWEST = "select ref from steps where project = ? and name = ? order by at desc limit 1"


class Made(msgspec.Struct, frozen=True):
    """A recorded output of a step: what it is, where it lies, and the parts of its key. ``at`` in µs."""

    name: str
    content: str
    ref: dict[str, Any]
    parts: dict[str, str]
    key: str
    at: int
    seconds: float

    @property
    def needs(self) -> dict[str, str]:
        """The steps that it read, with the contents that they had."""
        return {part[5:]: content for part, content in self.parts.items() if part.startswith("need:")}

    @property
    def packages(self) -> dict[str, str]:
        """The packages that its code reaches, with their versions."""
        return {part[8:]: version for part, version in self.parts.items() if part.startswith("package:")}


def newest_ref(ledger: "Ledger", project: str, step: str) -> dict[str, Any] | None:
    """Where the newest output of a step lies; None where it was never made."""
    row = ledger.one(_NEWEST, project, step)
    return None if row is None else msgspec.json.decode(row["ref"], type=dict[str, Any])


def made(ledger: "Ledger", project: str, step: str, content: str) -> Made | None:
    """The newest record of a step with that content; None where it was never made."""
    row = ledger.one(_FIND, project, step, content)
    if row is None:
        return None
    decode = msgspec.json.decode
    return Made(row["name"], row["content"], decode(row["ref"]), decode(row["parts"]), row["key"], row["at"], row["seconds"])


def lineage(ledger: "Ledger", project: str, step: str, content: str) -> list[Made]:
    """The step and all before it, sources last; each (step, content) once."""
    found: dict[tuple[str, str], Made] = {}
    waiting = [(step, content)]
    while waiting:
        which = waiting.pop(0)
        if which in found or (one := made(ledger, project, *which)) is None:
            continue
        found[which] = one
        waiting += list(one.needs.items())
    return list(found.values())
