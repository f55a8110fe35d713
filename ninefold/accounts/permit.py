"""Whether a call may pass: who calls, in which project, with which role. Every route is asked here, and nowhere else.

Who shows what was looked up half a second ago at most is known without asking the database; a change by this process forgets
everything at once, so a revoked token is refused by the next request here and within a second elsewhere. A password that was
right is remembered as a keyed digest beside the hash that it matched, so that argon2 is not paid for each request.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ninefold import clock
from ninefold.accounts import credentials
from ninefold.accounts.accounts import Accounts
from ninefold.accounts.caller import LOCAL, Caller
from ninefold.accounts.changes import Changes
from ninefold.accounts.credentials import SAFE, Shown
from ninefold.accounts.desk import Desk
from ninefold.accounts.roles import EVERYWHERE
from ninefold.errors import DeniedError, NotFoundError
from ninefold.web.call import Call
from ninefold.web.route import Route
from ninefold.web.shapes import UnknownCallerError

FRESH = 0.5  # seconds for which what the database said is believed
PASSWORD = 300.0  # seconds for which a password that was right is not hashed again
MOST = 10_000  # callers that are remembered
_NEVER = 2**63

Foreign = Callable[[str], tuple[Caller, int] | None]


class _Known(NamedTuple):
    """A caller as the database had it: believed while nothing changed here, until ``fresh`` (monotonic) and ``expires`` (µs)."""

    caller: Caller
    seen: int
    fresh: float
    expires: int


class Permit:
    """The ``permit`` of an application. ``project`` is the one that the server serves where a call names none; ``replay`` the
    token of a replay, which may everything; ``foreign`` says who shows a token of an identity provider, and when it ends (µs).
    """

    def __init__(self, accounts: Accounts, *, project: str, replay: str | None = None, foreign: Foreign | None = None) -> None:
        self.accounts, self.project, self.desk = accounts, project, Desk(accounts)
        self._replay = None if replay is None else f"Bearer {replay}".encode()
        self._foreign = foreign
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, _Known] = {}
        self._right: dict[bytes, tuple[str, float]] = {}
        self._open = (-1, 0.0)
        self._closed = False

    def __call__(self, call: Call) -> Awaitable[None] | None:
        self._place(call)
        if not self._closed:
            count, fresh = self._open
            if count != Changes.count or fresh < time.monotonic():
                return self._first(call)
            self._let(call, LOCAL)
            return None
        return None if call.route.who == "public" else self._identify(call)

    def _place(self, call: Call) -> None:
        """Settle which project the call is about, once for this check and for the handler."""
        if call.route.speaks == "mlflow" and (header := call.headers.get("x-mlflow-workspace")):
            if call.project is not None and call.project != header:
                raise credentials.two_projects(call.project, header)
            call.project = header

    async def _first(self, call: Call) -> None:
        """Look whether there are accounts; while there are none, everybody who gets here is at this machine."""
        count = Changes.count
        if await asyncio.to_thread(self.accounts.people.exist):
            self._closed = True  # accounts are never removed
        else:
            self._open = (count, time.monotonic() + FRESH)
            self._let(call, LOCAL)
            return
        if call.route.who != "public" and (waiting := self._identify(call)) is not None:
            await waiting

    def _identify(self, call: Call) -> Awaitable[None] | None:
        if self._replay is not None and secrets.compare_digest(call.headers.get("authorization", "").encode(), self._replay):
            self._let(call, LOCAL)
            return None
        shown = credentials.shown(call)
        if shown is None:
            raise UnknownCallerError("this needs somebody who is signed in", hint="send a token: Authorization: Bearer ...")
        key = self._digest(shown)
        known = self._known.get(key)
        if known is not None and known.seen == Changes.count and known.fresh > time.monotonic() and known.expires > clock.now():
            self._let(call, known.caller)
            return None
        return self._ask(call, shown, key)

    async def _ask(self, call: Call, shown: Shown, key: bytes) -> None:
        """Ask the database who shows this."""
        count = Changes.count
        found = await self._find(shown, key, call.client)
        if found is None:
            self._known.pop(key, None)
            what = {"token": "token", "password": "password", "session": "session"}[shown.kind]
            hint = "sign in again" if shown.kind == "session" else "it may have been revoked, or have expired: ninefold tokens create"
            raise UnknownCallerError(f"the {what} is not known here", hint=hint)
        caller, expires = found
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = _Known(caller, count, time.monotonic() + FRESH, _NEVER if expires is None else expires)
        self._let(call, caller)

    async def _find(self, shown: Shown, key: bytes, client: str) -> tuple[Caller, int | None] | None:
        accounts = self.accounts
        if shown.kind == "session":
            return await asyncio.to_thread(accounts.sessions.identify, shown.text, accounts.grants)
        if shown.kind == "password":
            return await self._password(shown, key, client)
        if self._foreign is not None and not shown.text.startswith("nf_"):
            return await asyncio.to_thread(self._foreign, shown.text)
        found = await asyncio.to_thread(accounts.tokens.identify, shown.text, accounts.grants)
        # a token that came as somebody's password has to be theirs
        return found if found is None or not shown.name or shown.name == found[0].name else None

    async def _password(self, shown: Shown, key: bytes, client: str) -> tuple[Caller, int | None] | None:
        matched, until = self._right.get(key, ("", 0.0))
        if matched and until > time.monotonic() and await asyncio.to_thread(self.accounts.people.stored, shown.name) == matched:
            return Caller(shown.name, "password", await asyncio.to_thread(self.accounts.grants.of, shown.name)), None
        self._right.pop(key, None)
        try:
            caller, stored = await self.desk.check(shown.name, shown.text, client)
        except DeniedError as error:
            raise UnknownCallerError(error.message, hint=error.hint) from None
        if len(self._right) >= MOST:
            self._right.clear()
        self._right[key] = (stored, time.monotonic() + PASSWORD)
        return caller, None

    def _digest(self, shown: Shown) -> bytes:
        # keyed, with a key of this process: a memory dump has no password, and nothing to guess one with
        return hashlib.blake2b(f"{shown.kind}\0{shown.name}\0{shown.text}".encode(), key=self._key, digest_size=32).digest()

    def _let(self, call: Call, caller: Caller) -> None:
        """Let the caller in, or raise DeniedError (NotFoundError for a project that this server does not serve)."""
        route = call.route
        project = self._project(call, route)
        if caller is LOCAL:
            call.who = caller
            return
        call.who = caller = caller.within(project)
        if caller.via == "session" and call.method not in SAFE:
            credentials.check_same_site(call)
            if route.kind != "page":
                credentials.check_json(call)
        if isinstance(route.who, frozenset) and caller.roles.isdisjoint(route.who):
            where = "on this server" if route.reach == "server" else f'in "{project[:60]}"'
            hint = f"it needs one of: {', '.join(sorted(route.who))}; an administrator grants them: ninefold users grant"
            raise DeniedError(f'"{caller.name}" may not do this {where}', hint=hint)

    def _project(self, call: Call, route: Route) -> str:
        if route.reach == "server":
            return EVERYWHERE
        if route.reach == "served" and call.project is not None and call.project != self.project:
            raise NotFoundError("this server does not answer that for another project", hint=f'leave out "/~{call.project[:60]}"')
        return call.project if call.project is not None else self.project
