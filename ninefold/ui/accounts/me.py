"""One's own account: who one is, with which roles, one's tokens and password."""

from typing import Any

import msgspec

from ninefold import clock
from ninefold.accounts import Accounts, Caller
from ninefold.accounts.caller import LOCAL
from ninefold.accounts.desk import Desk
from ninefold.accounts.people import Person
from ninefold.accounts.roles import ROLES
from ninefold.accounts.tokens import Token
from ninefold.errors import NinefoldError
from ninefold.ui.accounts.forms import elsewhere, fields, own, said, shown, status, work
from ninefold.ui.accounts.signing import begin
from ninefold.units import duration
from ninefold.web.call import Answer, Call
from ninefold.web.route import Route, route

_MAX = 16 * 1024
_FORM = ("application/x-www-form-urlencoded",)


class Me(msgspec.Struct):
    """Whoever calls. ``roles`` by project; ``via`` is how it was known: local, token, password, session, provider."""

    name: str
    via: str
    roles: dict[str, list[str]]


class MyPage(msgspec.Struct):
    """The page of one's own account. ``fresh`` is a token that was just made, shown this once."""

    me: Me
    person: Person | None
    tokens: list[Token]
    sessions: int
    role_names: list[str]
    fresh: str = ""
    done: str = ""
    error: dict[str, Any] | None = None


class NewToken(msgspec.Struct):
    """A token to make. ``expires``: a duration such as 90d, or ``never``."""

    name: str
    project: str | None = None
    roles: list[str] | None = None
    expires: str = "90d"


class MadeToken(msgspec.Struct):
    """A token that was made; ``text`` is shown this once."""

    token: Token
    text: str


class Own:
    """The handlers."""

    def __init__(self, accounts: Accounts, desk: Desk) -> None:
        self.accounts, self.desk = accounts, desk

    # JSON

    def me(self, call: Call) -> Me:
        """Who is calling, and with which roles in which project."""
        who: Caller = call.who
        return Me(who.name, who.via, {project: sorted(roles) for project, roles in who.grants.items()})

    def tokens(self, call: Call) -> list[Token]:
        """One's own tokens, without their secrets."""
        return [] if call.who is LOCAL else self.accounts.tokens.of(call.who.name)

    def create(self, call: Call, body: NewToken) -> MadeToken:
        """Make a token of one's own; its text is in this answer alone."""
        return self._made(own(call, self.accounts), body)

    def revoke(self, call: Call, id: str) -> Token:
        """Revoke a token of one's own, at once."""
        name = own(call, self.accounts)
        return self.accounts.tokens.revoke(id, who=name, actor=name)

    # pages

    async def page(self, call: Call) -> Answer:
        """Who is signed in: roles, tokens, password."""
        return await self._shown(call)

    async def new_token(self, call: Call) -> Answer:
        """Make a token and show it, this once."""
        name, project, role, expires = await fields(call, "name", "project", "role", "expires")
        try:
            who = own(call, self.accounts)
            made = await work(lambda: self._made(who, NewToken(name, project or None, [role] if role else None, expires or "90d")))
        except NinefoldError as error:
            return await self._shown(call, error=error)
        return await self._shown(call, fresh=made.text)

    async def drop_token(self, call: Call, id: str) -> Answer:
        """Revoke a token, at once."""
        await fields(call)
        try:
            await work(lambda: self.revoke(call, id))
        except NinefoldError as error:
            return await self._shown(call, error=error)
        return elsewhere("/me")

    async def password(self, call: Call) -> Answer:
        """Choose another password: every other session ends, this one goes on under a new name."""
        old, new = await fields(call, "password", "new")
        try:
            name = own(call, self.accounts)
            await self.desk.check(name, old, call.client)
            await work(lambda: self.accounts.people.set_password(name, new, actor=name))
            return await begin(self.accounts, call, name, "/me")
        except NinefoldError as error:
            return await self._shown(call, error=error)

    def _made(self, who: str, wanted: NewToken) -> MadeToken:
        expires = None if wanted.expires == "never" else clock.now() + duration(wanted.expires)
        made, text = self.accounts.tokens.create(who, wanted.name, project=wanted.project, roles=wanted.roles, expires=expires, actor=who)
        return MadeToken(made, text)

    async def _shown(self, call: Call, *, fresh: str = "", error: NinefoldError | None = None) -> Answer:
        def read() -> MyPage:
            me = self.me(call)
            if call.who is LOCAL:
                return MyPage(me, None, [], 0, list(ROLES))
            now = clock.now()
            tokens = [t for t in self.accounts.tokens.of(me.name) if t.revoked is None and (t.expires is None or t.expires > now)]
            return MyPage(me, self.accounts.people.get(me.name), tokens, self.accounts.sessions.count(me.name), list(ROLES), fresh)

        page = await work(read)
        page.error = None if error is None else said(error)
        return shown("accounts/me.html", call, page, status=200 if error is None else status(error))


def routes(accounts: Accounts, desk: Desk) -> list[Route]:
    """One's own account, as a page and as JSON."""
    mine = Own(accounts, desk)
    form: Any = {"who": "signed in", "kind": "page", "max_body": _MAX, "accepts": _FORM}
    return [
        route("GET", "/me", mine.page, who="signed in", kind="page"),
        route("POST", "/me/tokens", mine.new_token, **form),
        route("POST", "/me/tokens/{id}/revoke", mine.drop_token, **form),
        route("POST", "/me/password", mine.password, **form),
        route("GET", "/api/me", mine.me, who="signed in"),
        route("GET", "/api/me/tokens", mine.tokens, who="signed in", blocking=True),
        route("POST", "/api/me/tokens", mine.create, who="signed in", blocking=True),
        route("DELETE", "/api/me/tokens/{id}", mine.revoke, who="signed in", blocking=True),
    ]
