"""Requests under a key of their own: the same again is answered as it was, and done once."""

from collections.abc import Callable
from pathlib import Path

from ninefold import clock
from ninefold.errors import ConflictError, UsageError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.units import DAY

KEPT = 7 * DAY  # microseconds: a retry that comes later is another request
_LONGEST = 255  # characters of a key
_EVERY = 1000  # requests between two looks for old ones
_SQL = Statements(Path(__file__).with_name("requests.sql"))


class Requests:
    """The keys that clients gave, in the transaction that did what they asked.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> requests = Requests(ledger); done = []
    >>> for _ in range(2):
    ...     ledger.write(lambda tx: requests.once(tx, "flights", "key", "digest", lambda: done.append(1) or "{}"))
    '{}'
    '{}'
    >>> done
    [1]
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._seen = 0

    def once(self, tx: Tx, project: str, key: str, digest: str, answer: Callable[[], str]) -> str:
        """What was answered under that key; where nobody asked yet, ``answer()`` does it and says what to answer.

        ConflictError where the key came with another request (another ``digest``).
        """
        if not 0 < len(key) <= _LONGEST or "\0" in key:
            raise UsageError(f"the key of a request has {len(key)} characters", hint=f"give between 1 and {_LONGEST}, such as a UUID")
        row = tx.one(_SQL["find"], project, key)
        if row is not None:
            if row["digest"] != digest:
                raise ConflictError(f'another request came under the key "{key[:80]}"', hint="give every request its own key")
            return str(row["answer"])
        self._seen += 1
        if self._seen % _EVERY == 1:
            tx.execute(_SQL["prune"], clock.now() - KEPT)
        text = answer()
        tx.execute(_SQL["add"], project, key, digest, text, clock.now())
        return text
