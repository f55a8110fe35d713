"""Who is at the keyboard: the account of the token in NINEFOLD_TOKEN, else the operating system's user."""

import os
from typing import TYPE_CHECKING

from ninefold.config import Settings
from ninefold.errors import DeniedError
from ninefold.project.home import Home
from ninefold.project.running import author_name

if TYPE_CHECKING:
    from ninefold.accounts import Caller

TOKEN = "NINEFOLD_TOKEN"  # noqa: S105  the name of the variable, not what is in it


def person(home: Home) -> str:
    """The name that facts of a command say. DeniedError where NINEFOLD_TOKEN holds no token of this home."""
    token = os.environ.get(TOKEN)
    if not token:
        return author_name()
    return _caller(home, token).name


def person_in(settings: Settings) -> str:
    """The same, before a command opens the home: its ledger is opened in that name."""
    if not os.environ.get(TOKEN):
        return author_name()
    with Home(settings, "") as home:
        return person(home)


def approver(home: Home, named: str | None) -> str:
    """Who approves. Where there are accounts it is the one whose token is in NINEFOLD_TOKEN, who has to be an approver of the project;
    elsewhere whoever is named, else the user. Raises DeniedError.
    """
    from ninefold.accounts import Accounts

    token = os.environ.get(TOKEN)
    if not token and not Accounts(home.ledger).people.exist():
        return named or author_name()
    if not token:
        hint = f"put a token of yours into {TOKEN} (ninefold tokens create), or approve at the server: POST /api/models/MODEL/VERSION/approve"
        raise DeniedError("this home has accounts: who approves has to be signed in", hint=hint)
    caller = _caller(home, token)
    if named is not None and named != caller.name:
        raise DeniedError(f'the token belongs to "{caller.name}", who cannot approve as "{named}"', hint="leave out --by")
    if "approver" not in caller.roles_in(home.project):
        hint = f"an administrator grants it: ninefold users grant {caller.name} approver --project {home.project}"
        raise DeniedError(f'"{caller.name}" is no approver in {home.project}', hint=hint)
    return caller.name


def _caller(home: Home, token: str) -> "Caller":
    from ninefold.accounts import Accounts

    return Accounts(home.ledger).with_token(token)
