"""Whose time a home judges by: the machine's, or where a replay left its clock, until told otherwise."""

from ninefold.clock import now
from ninefold.ledger.fact import decode
from ninefold.project.home import Home

_LAST = (
    "select content from facts where kind in ('replay.started', 'replay.stopped', 'replay.done', 'clock.real') "
    "and substr(subject, 1, ?) = ? order by seq desc limit 1"
)


def replayed_until(home: Home) -> int | None:
    """Where a replay left the clock of a home, µs; None where the machine's clock counts."""
    prefix = f"{home.project}/"
    row = home.ledger.one(_LAST, len(prefix), prefix)
    last = None if row is None else decode(row["content"])
    return None if last is None or last.kind == "clock.real" else int(last.body["to"])


def judging_now(home: Home) -> int:
    """The instant as of which a home judges."""
    stands = replayed_until(home)
    return stands if stands is not None else now()


def back_to_now(home: Home) -> None:
    """Return a replayed home to the machine's clock; a fact."""
    if replayed_until(home) is not None:
        home.ledger.record("clock.real", f"{home.project}/home", {})
