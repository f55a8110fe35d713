"""The verdict on a belief: supported, refuted or undecided; with what it rests on."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ninefold.metrics.measurement import number, span
from ninefold.stats.corrections import holm

Decision = Literal["supported", "refuted", "undecided"]
Claim = Literal["more", "any", "none"]
ALPHA = 0.05


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis after its test.

    ``effect`` with its 95 % interval is in ``unit``; ``p`` is two-sided, ``p_corrected`` after Holm over all hypotheses tested
    together. ``claim`` says what the belief asserts: an effect above 0 (*more*), an effect (*any*), or that there is none (*none*).
    ``negligible`` is true where the whole interval is too small to matter.
    """

    verdict: Decision
    effect: float | None
    low: float | None
    high: float | None
    p: float
    p_corrected: float
    n: int
    days: int
    unit: str
    claim: Claim = "more"
    negligible: bool = False
    text: str = ""

    def __str__(self) -> str:
        return self.text


def tested(
    effect: float | None,
    low: float | None,
    high: float | None,
    p: float,
    *,
    n: int,
    days: int,
    unit: str,
    claim: Claim = "more",  # noqa: PT028 a function of ours, no test
    negligible: bool = False,  # noqa: PT028
) -> Tested:
    """One test, alone: corrected for nothing yet.

    >>> print(tested(0.022, 0.015, 0.028, 1e-6, n=25_000, days=90, unit="log loss a row"))
    supported: effect 0.022 [0.015, 0.028] log loss a row, p = 1e-06, 25,000 rows on 90 days
    """
    found = Tested(
        verdict="undecided", effect=effect, low=low, high=high, p=p, p_corrected=p, n=n, days=days, unit=unit, claim=claim, negligible=negligible
    )
    return judged(found, p, 1)


def undecided(why: str, *, n: int = 0, days: int = 0, unit: str = "", claim: Claim = "more") -> Tested:
    """There is too little to test on."""
    return Tested(
        verdict="undecided",
        effect=None,
        low=None,
        high=None,
        p=1.0,
        p_corrected=1.0,
        n=n,
        days=days,
        unit=unit,
        claim=claim,
        text=f"undecided: {why}",
    )


def judged(one: Tested, p: float, among: int) -> Tested:
    """The verdict at a corrected p-value, and its text."""
    if one.effect is None:
        return one
    if p < ALPHA and one.claim != "none":
        verdict: Decision = "supported" if one.claim == "any" or one.effect > 0 else "refuted"
    elif p < ALPHA:
        verdict = "refuted"
    else:
        verdict = "undecided" if not one.negligible else "supported" if one.claim == "none" else "refuted"
    share = f"p = {p:.2g}" + (f" (corrected for {among} hypotheses)" if among > 1 else "")
    small = ", too small to matter" if one.negligible else ""
    text = f"{verdict}: effect {number(one.effect)}{span(one.low, one.high)} {one.unit}{small}, {share}, {one.n:,} rows on {one.days:,} days"
    return msgspec.structs.replace(one, verdict=verdict, p_corrected=p, text=text)


def correct(results: Sequence[Tested]) -> list[Tested]:
    """Correct the verdicts of hypotheses that were tested together (Holm). Those that could not be tested do not count.

    >>> weak = tested(0.1, 0.01, 0.2, 0.03, n=100, days=30, unit="")
    >>> [t.verdict for t in correct([weak, weak])]
    ['undecided', 'undecided']
    """
    counted = [i for i, one in enumerate(results) if one.effect is not None]
    corrected = dict(zip(counted, holm([results[i].p for i in counted]), strict=True))
    return [judged(one, corrected[i], len(counted)) if i in corrected else one for i, one in enumerate(results)]
