"""Live updates: an event whenever the ledger has grown, so that open pages can fetch themselves anew."""

import asyncio
from collections.abc import AsyncIterator

from ninefold.ui.reading import Reading
from ninefold.web.call import ServerEvent

EVERY = 1.0  # seconds between two looks at the ledger's head


async def heads(reading: Reading, after: int) -> AsyncIterator[ServerEvent]:
    """The number of the newest fact: at once if it is newer than ``after``, then whenever it changes."""
    seen = after
    while True:
        head = await asyncio.to_thread(reading.home.ledger.head)
        if head != seen:
            seen = head
            yield ServerEvent({"head": head}, "head", str(head))
        await asyncio.sleep(EVERY)
