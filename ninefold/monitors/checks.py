"""The checks of a monitor, as functions of what has been seen: each gives findings, and acts on nothing."""

from ninefold.monitors.arrivals import Feed, freshness
from ninefold.monitors.distributions import History, drift
from ninefold.monitors.fairness import bias
from ninefold.monitors.finding import Finding
from ninefold.monitors.outcomes import Outcomes, quality

__all__ = ["Feed", "Finding", "History", "Outcomes", "bias", "drift", "freshness", "quality"]
