"""Champion against challenger: both score the same rows, and the difference is tested by day."""

from typing import Any, Literal

import msgspec

from ninefold.bundles.encoding import Floats
from ninefold.bundles.scorer import Scorer
from ninefold.errors import DataError
from ninefold.models.dataset import Dataset, Rows
from ninefold.models.objective import Objective, cost_columns, losses
from ninefold.stats.bootstrap import FEWEST
from ninefold.stats.paired import paired_by_day


class Against(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``gain`` is the champion's mean loss less the challenger's (positive: the challenger is better), with its 95 % interval by
    day; ``verdict`` is undecided while the interval holds 0 or there are fewer than 20 days.
    """

    verdict: Literal["challenger", "champion", "undecided"]
    gain: float
    low: float | None
    high: float | None
    p: float
    champion: float
    challenger: float
    days: int
    rows: int
    loss: str
    text: str


def against(champion: Scorer, challenger: Scorer, data: Dataset, rows: Rows, objective: Objective, *, seed: int = 0) -> Against:
    """Compare two versions on settled rows that neither has learned from, each deciding by its own threshold."""
    if not len(rows):
        raise DataError("there are no rows to compare on", hint="only questions newer than both fits count; wait for outcomes")
    a, b = (_losses(scorer, data, rows, objective) for scorer in (champion, challenger))
    test = paired_by_day(a - b, data.day[rows], seed=seed)
    verdict: Literal["challenger", "champion", "undecided"] = "undecided"
    if test.days >= FEWEST and test.low is not None and test.high is not None:
        verdict = "challenger" if test.low > 0 else "champion" if test.high < 0 else "undecided"
    return Against(
        verdict,
        test.effect,
        test.low,
        test.high,
        test.p,
        float(a.mean()),
        float(b.mean()),
        test.days,
        len(rows),
        objective.name,
        _text(verdict, test.effect, test.low, test.high, test.days, objective.name),
    )


def _losses(scorer: Scorer, data: Dataset, rows: Rows, objective: Objective) -> Floats:
    read = {c.name for c in scorer.schema}
    scores = scorer.score({n: v for n, v in data.columns(rows).items() if n in read})
    columns: dict[str, Any] = cost_columns(objective, data, rows)
    decisions = scorer.scoring.decision.batch(scores, data.q[rows], columns)
    return losses(objective, data.label[rows], scores, decisions, columns)


def _text(verdict: str, gain: float, low: float | None, high: float | None, days: int, loss: str) -> str:
    interval = "" if low is None or high is None else f" [{low:.4g}, {high:.4g}]"
    if verdict == "undecided":
        why = f"in {days} days, fewer than {FEWEST}" if days < FEWEST else f"in {days} days"
        return f"undecided: the challenger's {loss} is lower by {gain:.4g}{interval} {why}"
    better = "lower" if gain > 0 else "higher"
    return f"the {verdict} is better: the challenger's {loss} is {better} by {abs(gain):.4g}, gain {gain:.4g}{interval} in {days} days"
