"""What a script says of its runs, as entries of a spool: the numbered operations that travel from it to the ledger."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ninefold import clock

KEY, TEXT = 250, 64 << 10  # characters of a key, and of a value
Key = Annotated[str, Meta(min_length=1, max_length=KEY)]
_ID = r"^[A-Za-z0-9][\w-]{0,99}$"
Id = Annotated[str, Meta(pattern=_ID)]
Text = Annotated[str, Meta(max_length=TEXT)]
Whole = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Moment = Annotated[int, Meta(ge=clock.FIRST, le=clock.LAST)]  # microseconds UTC that a calendar has
Number = float | Literal["NaN", "Infinity", "-Infinity"]


def is_id(text: str) -> bool:
    """Whether a run may have this id.

    >>> is_id("0199c1f2"), is_id("my run")
    (True, False)
    """
    return re.fullmatch(_ID, text) is not None


class Begin(msgspec.Struct, frozen=True, tag_field="do", tag="begin", omit_defaults=True):
    """A run begins; where it is there already (it was begun by another process, which forked), its parameters and tags are added."""

    run: Id
    experiment: Key
    at: Moment
    name: Text = ""
    parent: Id | None = None
    source: Text = ""
    params: dict[Key, Text] = {}
    tags: dict[Key, Text] = {}


class Resume(msgspec.Struct, frozen=True, tag_field="do", tag="resume"):
    """A run goes on."""

    run: Id
    at: Moment


class Log(msgspec.Struct, frozen=True, tag_field="do", tag="log"):
    """Points of several metrics at one step."""

    run: Id
    step: Whole
    at: Moment
    values: dict[Key, Number]


class Params(msgspec.Struct, frozen=True, tag_field="do", tag="params"):
    """Parameters, set once."""

    run: Id
    values: dict[Key, Text]


class Tags(msgspec.Struct, frozen=True, tag_field="do", tag="tags"):
    """Tags; null removes one."""

    run: Id
    values: dict[Key, Text | None]


class Save(msgspec.Struct, frozen=True, tag_field="do", tag="save"):
    """A file of the run: its content was sent before. ``content`` is its name in the spool."""

    run: Id
    path: Annotated[str, Meta(min_length=1, max_length=1024)]
    digest: str
    size: int
    content: str = ""


class End(msgspec.Struct, frozen=True, tag_field="do", tag="end"):
    """A run ends. ``cut``: nobody said so, but its process is gone; a run that has ended stays as it is."""

    run: Id
    status: Literal["done", "failed", "killed"]
    at: Moment
    cut: bool = False


Operation = Begin | Resume | Log | Params | Tags | Save | End


class Delivery(msgspec.Struct, frozen=True):
    """Entries of a spool, numbered from ``first``. ``lost``: how many entries of a run the spool could not keep."""

    spool: Id
    first: Annotated[int, Meta(ge=0, le=1 << 62)]
    operations: Annotated[list[Operation], Meta(max_length=20_000)]
    lost: dict[Id, int] = {}


class Refused(msgspec.Struct, frozen=True):
    """Of an entry, what cannot be applied, and why; it is passed over for good."""

    number: int
    message: str


class Receipt(msgspec.Struct, frozen=True):
    """The number of the last entry that is applied, on disk, and what was refused of those that were new."""

    applied: int
    refused: list[Refused] = []


class Known(msgspec.Struct, frozen=True):
    """What a script needs in order to go on with a run; ``step`` is the greatest of its own metrics, -1 where there is none."""

    id: str
    name: str = ""
    params: dict[str, str] = {}
    step: int = -1
