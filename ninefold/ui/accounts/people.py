"""Everybody's accounts, for administrators of the whole server."""

from typing import Any, Literal

import msgspec

from ninefold.accounts import Accounts
from ninefold.accounts.people import Person
from ninefold.accounts.roles import ROLES
from ninefold.errors import NinefoldError
from ninefold.ui.accounts.forms import elsewhere, fields, said, shown, status, work
from ninefold.web.call import Answer, Call
from ninefold.web.route import Route, route

MANAGES = ("administrator",)
_MAX = 16 * 1024
_FORM = ("application/x-www-form-urlencoded",)


class Listed(msgspec.Struct):
    """An account with its roles by project (``*``: every one)."""

    person: Person
    roles: dict[str, list[str]]


class NewPerson(msgspec.Struct):
    """An account to add; a service, or somebody who signs in by an identity provider, has no password."""

    name: str
    full_name: str = ""
    email: str = ""
    kind: Literal["person", "service"] = "person"
    password: str | None = None


class RoleIn(msgspec.Struct):
    """A role in a project; ``*``: in every one."""

    role: str
    project: str


class Managing:
    """The handlers."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts

    # JSON

    def all(self, call: Call) -> list[Listed]:
        """All accounts with their roles."""
        roles: dict[str, dict[str, list[str]]] = {}
        for one in self.accounts.grants.all():
            roles.setdefault(one.who, {}).setdefault(one.project, []).append(one.role)
        return [Listed(person, roles.get(person.name, {})) for person in self.accounts.people.all()]

    def add(self, call: Call, body: NewPerson) -> Person:
        """Add an account."""
        return self.accounts.people.add(
            body.name, password=body.password, full_name=body.full_name, email=body.email, kind=body.kind, actor=call.who.name
        )

    def grant(self, call: Call, body: RoleIn, name: str) -> None:
        """Give an account a role in a project."""
        self.accounts.grants.give(name, body.role, body.project, actor=call.who.name)

    def revoke(self, call: Call, body: RoleIn, name: str) -> None:
        """Take a role back, at once."""
        self.accounts.grants.take(name, body.role, body.project, actor=call.who.name)

    def disable(self, call: Call, name: str) -> None:
        """Shut an account: its sessions end, its tokens are revoked, at once."""
        self.accounts.people.disable(name, actor=call.who.name)

    def enable(self, call: Call, name: str) -> None:
        """Open a disabled account again."""
        self.accounts.people.enable(name, actor=call.who.name)

    # pages

    async def page(self, call: Call) -> Answer:
        """All accounts; add one, give and take roles, shut one."""
        return await self._shown(call)

    async def add_form(self, call: Call) -> Answer:
        """Add an account."""
        name, full_name, email, password, kind = await fields(call, "name", "full_name", "email", "password", "kind")
        body = NewPerson(name, full_name, email, "service" if kind == "service" else "person", password or None)
        return await self._done(call, lambda: self.add(call, body))

    async def grant_form(self, call: Call, name: str) -> Answer:
        """Give a role."""
        role, project = await fields(call, "role", "project")
        return await self._done(call, lambda: self.grant(call, RoleIn(role, project), name))

    async def revoke_form(self, call: Call, name: str) -> Answer:
        """Take a role back."""
        role, project = await fields(call, "role", "project")
        return await self._done(call, lambda: self.revoke(call, RoleIn(role, project), name))

    async def state_form(self, call: Call, name: str) -> Answer:
        """Shut an account, or open it again."""
        (state,) = await fields(call, "state")
        return await self._done(call, lambda: self.enable(call, name) if state == "active" else self.disable(call, name))

    async def _done(self, call: Call, change: Any) -> Answer:
        try:
            await work(change)
        except NinefoldError as error:
            return await self._shown(call, error=error)
        return elsewhere("/people")

    async def _shown(self, call: Call, error: NinefoldError | None = None) -> Answer:
        people = await work(lambda: self.all(call))
        page = {"people": people, "roles": ROLES, "error": None if error is None else said(error)}
        return shown("accounts/people.html", call, page, status=200 if error is None else status(error))


def routes(accounts: Accounts) -> list[Route]:
    """Everybody's accounts, as a page and as JSON."""
    all_ = Managing(accounts)
    whole: Any = {"who": MANAGES, "reach": "server"}
    form: Any = {**whole, "kind": "page", "max_body": _MAX, "accepts": _FORM}
    json: Any = {**whole, "blocking": True}
    return [
        route("GET", "/people", all_.page, kind="page", **whole),
        route("POST", "/people", all_.add_form, **form),
        route("POST", "/people/{name}/grant", all_.grant_form, **form),
        route("POST", "/people/{name}/revoke", all_.revoke_form, **form),
        route("POST", "/people/{name}/state", all_.state_form, **form),
        route("GET", "/api/people", all_.all, **json),
        route("POST", "/api/people", all_.add, **json),
        route("POST", "/api/people/{name}/grant", all_.grant, **json),
        route("POST", "/api/people/{name}/revoke", all_.revoke, **json),
        route("POST", "/api/people/{name}/disable", all_.disable, **json),
        route("POST", "/api/people/{name}/enable", all_.enable, **json),
    ]
