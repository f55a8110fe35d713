"""Identifiers that sort by time, and digests that say what something is."""

import hashlib
import os
import re
import threading
import time
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic")
_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then a counter and randomness; it sorts by creation.

    >>> a, b = new_id(), new_id()
    >>> a < b, len(a)
    (True, 36)
    """
    global _last
    with _lock:
        # 12 bits below the millisecond keep the order of ids made in one process
        _last = max(_last + 1, time.time_ns() * 4096 // 1_000_000)
        stamp = _last
    head = f"{stamp >> 12:012x}"
    tail = f"{(int.from_bytes(os.urandom(8)) & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000:016x}"
    return f"{head[:8]}-{head[8:]}-7{stamp & 0xFFF:03x}-{tail[:4]}-{tail[4:]}"


def new_hex() -> str:
    """A new id as 32 hexadecimal digits, for protocols that write theirs so. Rows that are made one after the other lie side by side
    in a database; random ids would change as many of its pages as there are rows.

    >>> a, b = new_hex(), new_hex()
    >>> a < b, len(a)
    (True, 32)
    """
    return new_id().replace("-", "")


def is_id(text: str) -> bool:
    """Whether a text has the form of an id.

    >>> is_id(new_id()), is_id("x")
    (True, False)
    """
    return _ID.fullmatch(text) is not None


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no white space: equal values give equal bytes.

    >>> canonical({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return _encoder.encode(value)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal.

    >>> digest(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """The digest of a value's canonical JSON.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    return digest(canonical(value))
