"""What a request may cost: bytes, depth, time, and how many at once."""

import re
from dataclasses import dataclass

from ninefold.errors import LimitError

_NOT_BRACKETS = bytes(b for b in range(256) if b not in b"[]{}")
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost: bytes of a body and of an upload, levels of JSON, seconds for a body to arrive and between two
    chunks of an upload, its bytes a second.

    And how many at once: requests being answered (``in_flight``), ``arriving`` bodies, ``uploads``, ``downloads`` and open event
    ``streams``, bytes of bodies in memory (``held``); blocking handlers in ``threads``, those that search in ``search_threads``
    with at most so many waiting. ``ping``: seconds between two signs of life on an event stream.
    """

    body: int = 16 * 2**20
    upload: int = 16 * 2**30
    depth: int = 64
    seconds: float = 20.0
    pause: float = 20.0
    rate: int = 1024
    in_flight: int = 256
    arriving: int = 1024
    uploads: int = 128
    downloads: int = 256
    streams: int = 200
    held: int = 256 * 2**20
    threads: int = 16
    search_threads: int = 4
    search_waiting: int = 32
    ping: float = 15.0


def check_depth(data: bytes, limit: int) -> None:
    """LimitError if JSON is nested deeper than ``limit``.

    >>> check_depth(b'{"a": [1, "[[[["]}', 2)
    >>> check_depth(b"[" * 9, 2)
    Traceback (most recent call last):
    ninefold.errors.LimitError: the JSON is nested deeper than 2 levels
    """
    left = data.translate(None, _NOT_BRACKETS)
    # brackets inside strings count here, so this can only look deeper than it is: it clears nearly all bodies at C speed
    for _ in range(limit):
        if not left:
            return
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    if not left:
        return
    depth = 0
    for match in _STRUCTURE.finditer(data):
        token = match[0]
        depth += 1 if token in (b"[", b"{") else -1 if token in (b"]", b"}") else 0
        if depth > limit:
            raise LimitError(f"the JSON is nested deeper than {limit} levels", hint="send it flatter")
