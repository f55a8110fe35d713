"""Models: candidates compete, the best fit is chosen, and the reason recorded."""

from ninefold.models.candidate import Choice, Existing, On, Range, Tuned, choice, existing, floats, ints, on, tune
from ninefold.models.model import Model
from ninefold.models.split import Split, at_random, by_group, by_time

__all__ = [
    "Choice",
    "Existing",
    "Model",
    "On",
    "Range",
    "Split",
    "Tuned",
    "at_random",
    "by_group",
    "by_time",
    "choice",
    "existing",
    "floats",
    "ints",
    "on",
    "tune",
]
