"""The price of guessing passwords. Nobody can lock somebody else out: only a name from one address, or an address, has to wait.

An attempt is written down before the password is looked at and struck out when it was right, so that a hundred at once count as
a hundred. The name is kept as a hash: people type passwords into the field above it.
"""

import hashlib
import ipaddress
from pathlib import Path

from ninefold import clock
from ninefold.errors import BusyError
from ninefold.ledger import Ledger, Tx
from ninefold.ledger.sqlfile import Statements

WINDOW = 15 * 60 * 1_000_000  # µs in which attempts count
SAME = 10  # wrong passwords for one name from one address
CLIENT = 50  # from one address, for any names
MANY = 200  # from everywhere: then each attempt takes a second longer, right or wrong
SLOWER = 1.0  # seconds
_SQL = Statements(Path(__file__).with_name("attempts.sql"))


class TooOftenError(BusyError):
    """Too many wrong passwords came from there; later is fine."""

    code = "too_often"
    status = 429


class Attempts:
    """Failed and running sign-ins of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def begin(self, name: str, client: str) -> float:
        """Writes down an attempt, and returns how many seconds it should take longer. Raises TooOftenError."""
        key, client, now = _key(name), network(client), clock.now()

        def begin(tx: Tx) -> int:
            tx.execute(_SQL["outlived"], now - WINDOW)
            for found, most in ((tx.one(_SQL["both"], key, client, now - WINDOW), SAME), (tx.one(_SQL["client"], client, now - WINDOW), CLIENT)):
                if found is not None and found["n"] >= most:
                    after = max(1.0, (found["first"] + WINDOW - now) / 1e6)
                    hint = f"wait {after / 60:.0f} minutes, or sign in with a token" if after > 90 else "wait a minute"
                    raise TooOftenError("too many wrong passwords came from this address", hint=hint, retry_after=after)
            tx.execute(_SQL["add"], key, client, now)
            whole = tx.one(_SQL["whole"], now - WINDOW)
            return 0 if whole is None else int(whole["n"])

        return SLOWER if self.ledger.write(begin) > MANY else 0.0

    def succeeded(self, name: str, client: str) -> None:
        """Strikes out what was written down: the password was right."""
        self.ledger.write(lambda tx: tx.execute(_SQL["forget"], _key(name), network(client)))


def network(client: str) -> str:
    """The address that counts: of IPv6 the network of 64 bits, which one person has to themselves.

    >>> network("2001:db8::1:2"), network("::ffff:10.0.0.1"), network("10.0.0.1"), network("")
    ('2001:db8::/64', '10.0.0.1', '10.0.0.1', '')
    """
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return client


def _key(name: str) -> str:
    return hashlib.sha256(name.lower().encode()).hexdigest()[:32]
