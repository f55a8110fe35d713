"""Which project is meant where nobody names one: by scripts that log their runs, and by the server of their directory."""

import re
from pathlib import Path

from ninefold.errors import UsageError
from ninefold.ledger import Ledger

NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,62}")  # of a project, as an address can have it
DEFAULT = "default"  # the project of runs that belong to none
_RAN = "select subject from facts where kind = 'run.started' and subject like '%/run' order by seq desc limit 1"


def meant(ledger: Ledger, named: str | None) -> str:
    """The project that the settings name, else the one whose file ran here last, else "default".

    What scripts and clients log to other projects does not change which one they mean when they name none.

    >>> import tempfile; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> fact = ledger.record("run.started", "shop/run")
    >>> meant(ledger, None), meant(ledger, "flights.py")
    ('shop', 'flights')
    """
    if named:
        return Path(named).stem
    row = ledger.one(_RAN)
    return str(row["subject"]).partition("/")[0] if row is not None else DEFAULT


def checked_name(given: str) -> str:
    """A name that a project can have. UsageError where an address could not name it.

    >>> checked_name("flights")
    'flights'
    """
    if not NAME.fullmatch(given):
        raise UsageError(f"{given[:80]!r} is no name of a project", hint="at most 63 letters, digits, _ - and .; the first is a letter, digit or _")
    return given
