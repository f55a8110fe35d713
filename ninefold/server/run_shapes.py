"""What travels to and from ``/api/runs`` and ``/api/experiments``."""

import math
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from ninefold.runs.inputs import DatasetInput, ModelLink
from ninefold.runs.many import Detail
from ninefold.runs.points import Point
from ninefold.runs.run import Run, Status
from ninefold.runs.searching.filters import State
from ninefold.runs.tracking.operations import Id, Key, Moment, Number, Text, Whole

MOST = 100_000  # points of one batch, or of one page of a history
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
Few = Annotated[int, Meta(ge=1, le=1000)]
Path = Annotated[str, Meta(min_length=1, max_length=1024)]


class NewExperiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment to make. ``root``: the URI below which its files lie; by default this server keeps them."""

    name: Key
    root: Path | None = None
    tags: dict[Key, Text] = {}


class ChangedExperiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes: the name; tags (null removes one)."""

    name: Key | None = None
    tags: dict[Key, Text | None] = {}


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run to begin, in an experiment by its name, which is made where there is none. ``started``: microseconds UTC."""

    experiment: Key
    name: Text = ""
    id: Id | None = None
    parent: Id | None = None
    source: Text = ""
    started: Moment | None = None
    params: dict[Key, Text] = {}
    tags: dict[Key, Text] = {}


class ChangedRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes: status (an end, or going on), the time of the end (microseconds UTC), the name."""

    status: Status | None = None
    ended: Moment | None = None
    name: Text | None = None


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of a metric. ``at``: microseconds UTC, by default when it came."""

    key: Key
    value: Number
    step: Whole = 0
    at: Moment | None = None


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged to a run at once: all of it is written, or nothing."""

    params: dict[Key, Text] = {}
    metrics: Annotated[list[Measured], Meta(max_length=MOST)] = []
    tags: dict[Key, Text] = {}

    def points(self, now: int) -> list[Point]:
        """The points; those without a time have ``now``."""
        return [Point(m.key, _NUMBERS[m.value] if isinstance(m.value, str) else m.value, m.step, now if m.at is None else m.at) for m in self.metrics]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search: ``where`` is a filter (``metrics.auc > 0.7 and params.leaves = '31'``), ``order`` fields with ``-`` before those
    whose greatest values come first; ``token`` is that of the page before.
    """

    where: Text = ""
    experiment: Key | None = None
    state: State = "active"
    order: Text = ""
    limit: Few = 100
    token: Text | None = None


class Newest(msgspec.Struct, frozen=True):
    """The newest point of a metric."""

    value: Number
    step: int
    at: int


class RunShown(msgspec.Struct, frozen=True):
    """A run with what was logged to it."""

    run: Run
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, Newest]
    inputs: list[DatasetInput]
    models: list[ModelLink]


class RunsShown(msgspec.Struct, frozen=True):
    """A page of runs; ``token`` asks for the next one and is null after the last."""

    runs: list[RunShown]
    token: str | None = None


class HistoryQuery(msgspec.Struct, frozen=True):
    """Which metric, and how much of it."""

    key: Key
    after: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 1000


class SampleQuery(msgspec.Struct, frozen=True):
    """Which metric, between which steps, and how many points at most."""

    key: Key
    limit: Annotated[int, Meta(ge=2, le=10_000)] = 500
    start: Whole | None = None
    end: Whole | None = None


class History(msgspec.Struct, frozen=True):
    """Points as [step, at, value], by step; ``after`` is the token of the next page and null after the last."""

    key: str
    points: list[tuple[int, int, Number]]
    after: str | None = None


def shown(detail: Detail) -> RunShown:
    """A run as it travels."""
    metrics = {p.key: Newest(number(p.value), p.step, p.at) for p in detail.metrics}
    return RunShown(detail.run, detail.params, detail.tags, metrics, detail.inputs, detail.models)


def history(key: str, points: Iterable[Point], after: str | None = None) -> History:
    """Points as they travel."""
    return History(key, [(p.step, p.at, number(p.value)) for p in points], after)


def number(value: float) -> Number:
    """A number as JSON can carry it.

    >>> number(0.5), number(float("inf"))
    (0.5, 'Infinity')
    """
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
