"""The accounts of a home, and how somebody proves to be one of them."""

from ninefold.accounts import passwords
from ninefold.accounts.attempts import Attempts
from ninefold.accounts.caller import Caller
from ninefold.accounts.grants import Grants
from ninefold.accounts.people import People
from ninefold.accounts.sessions import Sessions
from ninefold.accounts.tokens import Tokens
from ninefold.errors import DeniedError
from ninefold.ledger import Ledger


class Accounts:
    """People, what they were granted, their tokens and sessions.

    >>> import tempfile; from pathlib import Path; folder = Path(tempfile.mkdtemp())
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", anchors=folder)
    >>> accounts = Accounts(ledger)
    >>> accounts.people.add("ada", password="correct horse battery").state
    'active'
    >>> accounts.grants.give("ada", "scientist", "flights")
    >>> token, text = accounts.tokens.create("ada", "laptop")
    >>> sorted(accounts.with_token(text).roles_in("flights"))
    ['scientist']
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.people, self.grants = People(ledger), Grants(ledger)
        self.tokens, self.sessions, self.attempts = Tokens(ledger), Sessions(ledger), Attempts(ledger)

    def with_token(self, text: str) -> Caller:
        """Who shows a token. Raises DeniedError for one that is not known, revoked or expired."""
        found = self.tokens.identify(text, self.grants)
        if found is None:
            raise DeniedError("the token is not known, was revoked, or has expired", hint="make another one: ninefold tokens create")
        return found[0]

    def with_password(self, name: str, password: str, client: str) -> tuple[Caller, str]:
        """Who gives a name and a password, and what is stored of it; ``client`` is the address that an attempt was begun for.

        Raises DeniedError, the same and after the same time whether the name or the password is wrong.
        """
        stored = self.people.stored(name)
        if not passwords.matches(stored, password) or not stored:
            raise DeniedError("the name or the password is wrong", hint="small and capital letters count")
        self.attempts.succeeded(name, client)
        if passwords.outdated(stored):
            self.people.rehash(name, password, stored)
        return Caller(name, "password", self.grants.of(name)), stored
