"""Who is calling: a name, and the roles that it has in each project."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ninefold.accounts.roles import EVERYWHERE, ROLES

Via = Literal["local", "token", "password", "session", "provider"]
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """One caller. ``roles`` are those in the project of the call; ``grants`` those of each project (``*``: of every one).

    ``via`` says how it was known; ``token`` is the id of the token that was shown, ``session`` the digest of the session.

    >>> ada = Caller("ada", "token", {"flights": frozenset({"scientist"}), "*": frozenset({"viewer"})})
    >>> sorted(ada.roles_in("flights")), sorted(ada.roles_in("churn"))
    (['scientist', 'viewer'], ['viewer'])
    """

    name: str
    via: Via
    grants: Mapping[str, frozenset[str]]
    roles: frozenset[str] = _NONE
    project: str = ""
    token: str | None = None
    session: str | None = None
    known: dict[str, "Caller"] = field(default_factory=dict, repr=False)

    def roles_in(self, project: str) -> frozenset[str]:
        """The roles in a project; in ``*`` only those that were given for every project."""
        everywhere = self.grants.get(EVERYWHERE, _NONE)
        return everywhere if project == EVERYWHERE else self.grants.get(project, _NONE) | everywhere

    def within(self, project: str) -> "Caller":
        """The same caller in a call about a project."""
        found = self.known.get(project)
        if found is None:
            roles = self.roles_in(project)
            found = Caller(self.name, self.via, self.grants, roles, project, self.token, self.session)
            if project in self.grants or roles:
                if len(self.known) > 64:  # a caller may name any project, and a request must not cost memory for good
                    self.known.clear()
                self.known[project] = found
        return found


LOCAL = Caller("local", "local", {EVERYWHERE: frozenset(ROLES)}).within(EVERYWHERE)
"""Whoever calls over the loopback of a server without accounts: the person at this machine."""
