"""Grants: which account has which role in which project."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ninefold import clock
from ninefold.accounts.changes import Changes
from ninefold.accounts.people import about, keep_an_administrator
from ninefold.accounts.roles import EVERYWHERE, check_project, check_role
from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements

_SQL = Statements(Path(__file__).with_name("grants.sql"))


class Grant(msgspec.Struct, frozen=True):
    """A role of an account in a project (``*``: in every one), given by somebody at a time (µs)."""

    who: str
    project: str
    role: str
    by: str
    at: int


class Grants:
    """The grants of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def give(self, who: str, role: str, project: str = EVERYWHERE, *, actor: str | None = None) -> None:
        """Gives a role. It is no error to give it twice. NotFoundError where there is no such account."""
        check_role(role)
        check_project(project)

        def give(tx: Tx) -> None:
            if tx.one(_SQL["user"], who) is None:
                raise NotFoundError(f'there is no account "{who[:64]}"', hint="add it: ninefold users add NAME")
            now = clock.now()
            if tx.execute(_SQL["give"], who, project, role, actor or self.ledger.actor, now):
                tx.fact("role.granted", about(who), {"role": role, "project": project}, actor=actor, at=now)
                tx.after(Changes.note)

        self.ledger.write(give)

    def take(self, who: str, role: str, project: str = EVERYWHERE, *, actor: str | None = None) -> None:
        """Takes a role back. NotFoundError where it was not given, ConflictError for the last administrator."""
        check_role(role)
        check_project(project)

        def take(tx: Tx) -> None:
            if role == "administrator" and project == EVERYWHERE:
                keep_an_administrator(tx, who)
            if not tx.execute(_SQL["take"], who, project, role):
                raise NotFoundError(f'"{who[:64]}" is not {role} in {project[:64]}', hint="see who has which role: ninefold users list")
            tx.fact("role.revoked", about(who), {"role": role, "project": project}, actor=actor)
            tx.after(Changes.note)

        self.ledger.write(take)

    def of(self, who: str) -> dict[str, frozenset[str]]:
        """The roles of an account, by project."""
        return by_project(self.ledger.all(_SQL["of"], who))

    def given(self, who: str) -> list[Grant]:
        """The grants of an account, with who gave them."""
        return [_grant(row) for row in self.ledger.all(_SQL["given"], who)]

    def all(self) -> list[Grant]:
        """Every grant, by account."""
        return [_grant(row) for row in self.ledger.all(_SQL["all"])]


def _grant(row: Row) -> Grant:
    return Grant(row["who"], row["project"], row["role"], row["by"], row["at"])


def by_project(rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """Rows with a project and a role as roles by project."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["project"], set()).add(row["role"])
    return {project: frozenset(roles) for project, roles in found.items()}


def narrowed(grants: Mapping[str, frozenset[str]], project: str | None, roles: frozenset[str] | None) -> dict[str, frozenset[str]]:
    """What a token may do that was made for one project, or for some roles: never more than its owner may now.

    >>> narrowed({"*": frozenset({"viewer", "scientist"})}, "flights", frozenset({"viewer"}))
    {'flights': frozenset({'viewer'})}
    """
    if project is not None:
        grants = {project: grants.get(project, frozenset()) | grants.get(EVERYWHERE, frozenset())}
    return {name: given if roles is None else given & roles for name, given in grants.items()}
