"""What another tracker remembers, in our nouns: values that ``load`` writes and ``tally`` compares."""

from collections.abc import Sequence

import msgspec

from ninefold.runs.run import Status

PointRow = tuple[int, int, float, int]  # step, microseconds UTC, value, 1 where the value is no number (it is 0.0 then)


class PastExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment; ``id`` is what it is called there. Times are microseconds UTC, here and below."""

    id: str
    name: str
    state: str = "active"
    created: int = 0
    updated: int = 0
    root: str = ""
    tags: dict[str, str] = {}


class PastInput(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that a run read, with what the run says of it (``tags``)."""

    name: str
    digest: str
    kind: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class PastLink(msgspec.Struct, frozen=True):
    """A logged model that a run took in or gave out."""

    model: str
    way: str
    step: int = 0


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run without its points and files, which are too many to hold. ``root`` is where its files lie there."""

    id: str
    name: str
    status: Status
    state: str = "active"
    started: int
    ended: int | None = None
    parent: str | None = None
    source: str = ""
    actor: str = ""
    root: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    inputs: Sequence[PastInput] = ()
    links: Sequence[PastLink] = ()


class PastModelPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a metric of a logged model, on a dataset where one is named."""

    key: str
    run: str
    row: PointRow
    dataset: str = ""
    digest: str = ""


class PastModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a run saved, before anybody registered it."""

    id: str
    name: str
    kind: str = ""
    run: str | None = None
    status: str = "ready"
    message: str = ""
    state: str = "active"
    created: int = 0
    updated: int = 0
    root: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    points: Sequence[PastModelPoint] = ()
