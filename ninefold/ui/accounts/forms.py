"""What the pages of accounts share: their frame, the fields of a form, going elsewhere after a change."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from ninefold.accounts import Accounts, Caller
from ninefold.accounts.caller import LOCAL
from ninefold.accounts.credentials import SAFE, check_same_site
from ninefold.errors import DeniedError, NinefoldError, UsageError
from ninefold.ui.pages import renderer
from ninefold.web.call import Answer, Call
from ninefold.web.shapes import status_of

T = TypeVar("T")
HTML = "text/html; charset=utf-8"


def shown(template: str, call: Call, page: Any, *, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A page of accounts for whoever calls."""
    who = call.who if isinstance(call.who, Caller) and call.who is not LOCAL else None
    manages = who is not None and "administrator" in who.roles_in("*")
    text = renderer().plain(template, page, who=who.name if who else "", manages=manages)
    return Answer(text, status=status, type=HTML, headers=headers or [])


def elsewhere(path: str, *headers: tuple[str, str]) -> Answer:
    """Go to another page of this server; what was posted is not posted again by loading anew."""
    return Answer(b"", status=303, headers=[("location", path), *headers])


async def fields(call: Call, *names: str) -> list[str]:
    """The fields of a form, in this order; UsageError where one is missing. Only forms of this server's own pages are read."""
    if call.method not in SAFE:
        check_same_site(call)
    given = await call.form()
    missing = [name for name in names if name not in given]
    if missing:
        raise UsageError(f'the form has no field "{missing[0]}"', hint="open the page again")
    return [given[name].strip() if name not in {"password", "new"} else given[name] for name in names]


async def work(fn: Callable[[], T]) -> T:
    """Something that waits for the database, in a thread."""
    return await asyncio.to_thread(fn)


def said(error: NinefoldError) -> dict[str, Any]:
    """An error for the page on which it happened."""
    return {"message": error.message[:1].upper() + error.message[1:], "hint": error.hint}


def status(error: NinefoldError) -> int:
    """The status of a page that shows an error: a wrong password is refused, without asking the browser for another way."""
    return 403 if isinstance(error, DeniedError) else status_of(error)


def own(call: Call, accounts: Accounts) -> str:
    """The account of whoever calls, in person: what changes how one signs in is not for tokens, which may be narrower than their owner.

    Raises DeniedError for a token, and where there are no accounts.
    """
    who = call.who
    if not isinstance(who, Caller) or who is LOCAL:
        raise DeniedError("this server has no accounts", hint="add the first one: ninefold users add NAME --administrator")
    if who.via not in {"session", "password"}:
        raise DeniedError("a token may not change how its owner signs in", hint="sign in with a password, or on the page")
    return who.name
