"""Signing in and out."""

from collections.abc import Awaitable, Callable
from typing import Any

from ninefold.accounts import Accounts
from ninefold.accounts.credentials import cookie, cookie_name, local_path, read_cookie, session_text
from ninefold.accounts.desk import Desk
from ninefold.accounts.oidc.flow import LASTS as LEFT
from ninefold.accounts.oidc.flow import Flow
from ninefold.accounts.sessions import LASTS
from ninefold.errors import BusyError, DeniedError, NinefoldError, NotFoundError
from ninefold.ui.accounts.forms import elsewhere, fields, own, said, shown, status, work
from ninefold.web.call import Answer, Call
from ninefold.web.route import Route, route

SIGN_IN = "/sign-in"
BACK = "/sign-in/provider/back"
_MAX = 16 * 1024


class Signing:
    """The handlers. ``flow`` is that of an identity provider that people may sign in by."""

    def __init__(self, accounts: Accounts, desk: Desk, flow: Flow | None = None) -> None:
        self.accounts, self.desk, self.flow = accounts, desk, flow

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

    async def leave(self, call: Call) -> Answer:
        """Go to the identity provider."""
        flow, after = self._flow(), local_path(call.query().get("next", "/"))
        try:
            cookie(call, "", 0)
            url, text = await work(lambda: flow.begin(_back(call), after))
        except NinefoldError as error:
            return await self._page(call, after, error=said(error), status=status(error))
        return elsewhere(url, cookie(call, text, LEFT, name=_left(call)))

    async def come_back(self, call: Call) -> Answer:
        """Come back from the identity provider: a session, where what it says is right."""
        flow, given = self._flow(), call.query()
        text = read_cookie(call, _left(call)) or ""
        try:
            if "code" not in given:
                raise DeniedError("the identity provider did not let you in", hint=given.get("error_description", "")[:200])
            name, after = await work(lambda: flow.finish(text, given.get("state", ""), given["code"], given.get("iss")))
            return await begin(self.accounts, call, name, after, cookie(call, "", 0, name=_left(call)))
        except NinefoldError as error:
            return await self._page(call, "/", error=said(error), status=status(error))

    def _flow(self) -> Flow:
        if self.flow is None:
            raise NotFoundError("there is no identity provider here", hint="[tool.ninefold.oidc] names one")
        return self.flow

    async def _page(self, call: Call, after: str, *, name: str = "", error: Any = None, status: int = 200) -> Answer:
        exist = await work(self.accounts.people.exist)
        page = {"next": after, "name": name, "error": error, "exist": exist, "provider": self.flow.settings.shown if self.flow else ""}
        return shown("accounts/sign_in.html", call, page, status=status)


async def begin(accounts: Accounts, call: Call, name: str, after: str, *more: tuple[str, str]) -> Answer:
    """A new session for an account, in the place of the one that the browser had."""
    cookie(call, "", 0)  # raises where no cookie may be set, before a session is there
    text = await work(lambda: accounts.sessions.start(name, before=session_text(call)))
    return elsewhere(after, cookie(call, text, LASTS // 1_000_000), *more)


def _back(call: Call) -> str:
    """The address that the provider sends the browser back to; Host was checked against those that are served."""
    return f"{call.scope['scheme']}://{call.headers['host']}{BACK}"


def _left(call: Call) -> str:
    return cookie_name(call) + "-provider"


def routes(accounts: Accounts, desk: Desk, flow: Flow | None = None) -> list[Route]:
    """Signing in and out."""
    signing = Signing(accounts, desk, flow)

    def page(method: str, path: str, handler: Callable[[Call], Awaitable[Answer]], who: Any) -> Route:
        return route(method, path, handler, who=who, kind="page", max_body=_MAX, accepts=("application/x-www-form-urlencoded",))

    return [
        page("GET", SIGN_IN, signing.ask, "public"),
        page("POST", SIGN_IN, signing.sign_in, "public"),
        page("GET", "/sign-in/provider", signing.leave, "public"),
        page("GET", BACK, signing.come_back, "public"),
        page("POST", "/sign-out", signing.sign_out, "signed in"),
    ]
