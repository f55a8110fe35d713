"""A metric of the business: where it counts, and what it was."""

import msgspec

from ninefold.ui.reading import Reading
from ninefold.ui.views.standing import CriterionLine, standings
from ninefold.ui.views.thing import Listed, ThingPart, listing, thing_part


class Used(msgspec.Struct):
    """A criterion that asks for a metric, and the problem that it belongs to."""

    problem: str
    path: str
    criterion: CriterionLine


class MetricPage(msgspec.Struct):
    """The page of a declared metric."""

    thing: ThingPart
    used: list[Used]


class MetricsPage(msgspec.Struct):
    """Declared metrics, and every criterion with the built-in ones that it asks for."""

    noun: str
    things: list[Listed]
    used: list[Used]


def _used(reading: Reading) -> list[Used]:
    return [Used(s.problem, s.path, c) for s in standings(reading) for c in s.criteria]


def metric(reading: Reading, name: str) -> MetricPage:
    """The page of a metric."""
    return MetricPage(thing_part(reading, "metric", name), [u for u in _used(reading) if u.criterion.metric == name])


def metrics(reading: Reading) -> MetricsPage:
    """The list of metrics."""
    return MetricsPage("metric", listing(reading, "metric").things, _used(reading))
