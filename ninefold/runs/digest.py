"""The digest of everything that was logged to a run: in the fact of its end it proves what was there.

Points may be millions, so they are read before the transaction in which the run ends, page by page; there it is only asked
whether any were added since.
"""

import hashlib
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ninefold import ids
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.patience import within
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.artifacts import folder_of
from ninefold.runs.run import Run

_SQL = Statements(Path(__file__).with_name("digest.sql"))
_PAGE = 10_000
_POINT = struct.Struct("<qqdB")
_FIRST = (-(1 << 63), -(1 << 63), -math.inf, 0)
Read = Callable[..., Sequence[Row]]


class Digested:
    """The digest of a run's points, and what they were counted as before they were read."""

    def __init__(self, ledger: Ledger, run: Run) -> None:
        # a run of very many points ends too: all of them are read, each page in milliseconds
        with within(None):
            self._run, self._moved = run, _moved(ledger.all, run)
            self._points = _points(ledger.all, run)

    def whole(self, tx: Tx) -> str:
        """The digest of parameters, tags, points and files, as the transaction sees them."""
        return _whole(tx, self._run, self._points if _moved(tx.all, self._run) == self._moved else _points(tx.all, self._run))


def content_digest(tx: Tx, run: Run) -> str:
    """The digest of a run that is known to have few points, read within the transaction."""
    return _whole(tx, run, _points(tx.all, run))


def _whole(tx: Tx, run: Run, points: bytes) -> str:
    total = hashlib.sha256(points)
    for name in ("params", "tags"):
        _add(total, name, tx.all(_SQL[name], run.id))
    folder = folder_of(run)
    if folder is not None:
        begins = f"{folder}/"
        rows = tx.all(_SQL["files"], run.project, begins, begins + "\U0010ffff")
        _add(total, "files", [(row["path"][len(begins) :], row["digest"], row["size"]) for row in rows])
    return total.hexdigest()


def _add(total: Any, name: str, rows: Sequence[Any]) -> None:
    # sorted here: databases sort text each in their way
    for values in sorted(tuple(row) for row in rows):
        total.update(ids.canonical([name, *values]) + b"\n")


def _moved(read: Read, run: Run) -> tuple[int, int]:
    row = read(_SQL["moved"], run.id)[0]
    return int(row["series"]), int(row["writes"])


def _points(read: Read, run: Run) -> bytes:
    total = hashlib.sha256()
    for key, series in sorted((row["key"], row["id"]) for row in read(_SQL["series"], run.id)):
        total.update(ids.canonical(["points", key]) + b"\n")
        after, more = _FIRST, True
        while more:
            rows = read(_SQL["page"], series, *after, _PAGE)
            total.update(b"".join([_POINT.pack(*row) for row in rows]))
            if more := len(rows) == _PAGE:
                after = tuple(rows[-1])
    return total.digest()
