"""Choosing a winner: the best on the problem's loss; within one standard error of the paired difference by day, the simpler."""

from collections.abc import Sequence

import msgspec
import numpy as np

from ninefold.bundles.encoding import Floats
from ninefold.models.contest import FittedCandidate
from ninefold.models.dataset import Dataset, Parts, Rows
from ninefold.models.estimator import RANK
from ninefold.models.fit import CONSTANT
from ninefold.models.objective import Objective
from ninefold.stats.paired import paired_by_day

FEWEST_DAYS = 5


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the table of candidates: mean loss on validate; how much worse than the best, with the standard error by day;
    the format; the model's size in bytes; the parameters; why it is out, if it failed.
    """

    name: str
    loss: float | None
    worse: float | None = None
    error: float | None = None
    format: str = ""
    size: int = 0
    params: dict[str, object] = {}
    failed: str = ""


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The winner, the reason in a sentence, and the table of all candidates."""

    winner: str
    reason: str
    table: list[Entry]


def choose(candidates: Sequence[FittedCandidate], data: Dataset, parts: Parts, objective: Objective, failed: dict[str, str] | None = None) -> Chosen:
    """The winner among fitted candidates. The constant model wins only where nothing is better than it."""
    best = min(candidates, key=lambda c: (c.mean, _simplicity(c)))
    day = data.day[parts.validate]
    table, close = [], []
    for candidate in candidates:
        worse, error = paired_difference(candidate.losses - best.losses, day)
        table.append(Entry(candidate.name, candidate.mean, worse, error, candidate.fitted.format, len(candidate.fitted.model), candidate.params))
        if candidate is best or (worse <= error and candidate.name != CONSTANT):
            close.append(candidate)
    winner = min(close, key=_simplicity)
    table.sort(key=lambda e: (e.loss if e.loss is not None else np.inf, e.name))
    table += [Entry(name, None, failed=why) for name, why in sorted((failed or {}).items())]
    return Chosen(winner.name, _reason(winner, best, table, objective), table)


def paired_difference(difference: Floats, day: Rows) -> tuple[float, float]:
    """The mean of differences on the same rows and its standard error by day; by row where there are fewer than five days."""
    if len(np.unique(day)) < FEWEST_DAYS:
        return float(difference.mean()), float(difference.std() / np.sqrt(len(difference)))
    result = paired_by_day(difference, day)
    return result.effect, result.se


def _simplicity(candidate: FittedCandidate) -> tuple[int, int, str]:
    # a timing would differ from run to run; among models of one kind the smaller one is the faster one
    return RANK[candidate.fitted.format], len(candidate.fitted.model), candidate.name


def _reason(winner: FittedCandidate, best: FittedCandidate, table: list[Entry], objective: Objective) -> str:
    by_name = {e.name: e for e in table}
    if winner is not best:
        entry = by_name[winner.name]
        return (
            f'"{winner.name}": its {objective.name} of {winner.mean:.4g} is within one standard error by day ({entry.error:.2g}) of the best, '
            f'"{best.name}" with {best.mean:.4g}, and it is the simpler model'
        )
    if winner.name == CONSTANT:
        return f"no candidate has a lower {objective.name} on validate than the constant answer ({winner.mean:.4g})"
    others = [e for e in table if e.name != winner.name and e.worse is not None]
    if not others:
        return f'"{winner.name}" is the only candidate'
    second = others[0]
    return (
        f'"{winner.name}" has the lowest {objective.name} on validate, {winner.mean:.4g}; next is "{second.name}" with {second.loss:.4g} '
        f"({second.worse:.2g} more, standard error by day {second.error:.2g})"
    )
