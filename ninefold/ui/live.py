"""Live updates: an event whenever the ledger has grown, so that open pages can fetch themselves anew."""

import asyncio
from collections.abc import AsyncIterator

from ninefold.ui.reading import Reading
from ninefold.web.call import ServerEvent

_LOGGED = "select coalesce(sum(writes), 0) as n from series where run = ?"
EVERY = 1.0  # seconds between two looks at the ledger's head


async def heads(reading: Reading, after: int, run: str = "") -> AsyncIterator[ServerEvent]:
    """The number of the newest fact: at once if it is newer than ``after``, then whenever it changes, or something is logged to ``run``."""
    seen, logged = after, await asyncio.to_thread(_logged, reading, run)
    while True:
        head = await asyncio.to_thread(reading.home.ledger.head)
        now = await asyncio.to_thread(_logged, reading, run)
        if (head, now) != (seen, logged):
            seen, logged = head, now
            yield ServerEvent({"head": head}, "head", str(head))
        await asyncio.sleep(EVERY)


def _logged(reading: Reading, run: str) -> int:
    """A number that grows with what is logged to a run: points are no facts."""
    row = reading.home.ledger.one(_LOGGED, run) if run else None
    return 0 if row is None else int(row["n"])
