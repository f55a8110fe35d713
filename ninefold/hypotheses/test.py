"""The tests that decide hypotheses, by the names that a project declares them with."""

from ninefold.hypotheses.association import associated
from ninefold.hypotheses.groups import differs
from ninefold.hypotheses.losses import beats, compare, helps
from ninefold.hypotheses.reported import evidence
from ninefold.hypotheses.stability import stable
from ninefold.hypotheses.verdict import Tested, correct, undecided

__all__ = ["Tested", "associated", "beats", "compare", "correct", "differs", "evidence", "helps", "stable", "undecided"]
