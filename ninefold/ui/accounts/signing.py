"""Signing in and out."""

from collections.abc import Awaitable, Callable
from typing import Any

from ninefold.accounts import Accounts
from ninefold.accounts.credentials import cookie, local_path, session_text
from ninefold.accounts.desk import Desk
from ninefold.accounts.sessions import LASTS
from ninefold.errors import BusyError, DeniedError
from ninefold.ui.accounts.forms import elsewhere, fields, own, said, shown, status, work
from ninefold.web.call import Answer, Call
from ninefold.web.route import Route, route

SIGN_IN = "/sign-in"
_MAX = 16 * 1024


class Signing:
    """The handlers. ``provider`` is the name of an identity provider that people may sign in by."""

    def __init__(self, accounts: Accounts, desk: Desk, provider: str = "") -> None:
        self.accounts, self.desk, self.provider = accounts, desk, provider

    async def ask(self, call: Call) -> Answer:
        """The page that asks for a name and a password."""
        given = call.query()
        return await self._page(call, local_path(given.get("next", "/")))

    async def sign_in(self, call: Call) -> Answer:
        """Begin a session in the place of the one before, and go where the caller wanted to go."""
        name, password, after = await fields(call, "name", "password", "next")
        after = local_path(after)
        try:
            cookie(call, "", 0)  # refused before the password is looked at
            caller, _ = await self.desk.check(name, password, call.client)
            return await begin(self.accounts, call, caller.name, after)
        except (DeniedError, BusyError) as error:
            return await self._page(call, after, name=name[:64], error=said(error), status=status(error))

    async def sign_out(self, call: Call) -> Answer:
        """End the session of this browser, or with ``everywhere`` every session of the account."""
        await fields(call)
        everywhere = call.query().get("everywhere") == "1"
        if everywhere:
            name = own(call, self.accounts)
            await work(lambda: self.accounts.sessions.end_all(name, actor=name))
        elif getattr(call.who, "session", None):
            await work(lambda: self.accounts.sessions.end(call.who.session))
        return elsewhere(SIGN_IN, cookie(call, "", 0))

    async def _page(self, call: Call, after: str, *, name: str = "", error: Any = None, status: int = 200) -> Answer:
        exist = await work(self.accounts.people.exist)
        page = {"next": after, "name": name, "error": error, "exist": exist, "provider": self.provider}
        return shown("accounts/sign_in.html", call, page, status=status)


async def begin(accounts: Accounts, call: Call, name: str, after: str, *more: tuple[str, str]) -> Answer:
    """A new session for an account, in the place of the one that the browser had."""
    cookie(call, "", 0)  # raises where no cookie may be set, before a session is there
    text = await work(lambda: accounts.sessions.start(name, before=session_text(call)))
    return elsewhere(after, cookie(call, text, LASTS // 1_000_000), *more)


def routes(accounts: Accounts, desk: Desk, provider: str = "") -> list[Route]:
    """Signing in and out."""
    signing = Signing(accounts, desk, provider)

    def page(method: str, path: str, handler: Callable[[Call], Awaitable[Answer]], who: Any) -> Route:
        return route(method, path, handler, who=who, kind="page", max_body=_MAX, accepts=("application/x-www-form-urlencoded",))

    return [
        page("GET", SIGN_IN, signing.ask, "public"),
        page("POST", SIGN_IN, signing.sign_in, "public"),
        page("POST", "/sign-out", signing.sign_out, "signed in"),
    ]
