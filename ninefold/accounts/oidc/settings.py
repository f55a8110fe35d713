"""What ``[tool.ninefold.oidc]`` says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ninefold.accounts.roles import check_project, check_role
from ninefold.errors import UsageError
from ninefold.secret import NOTHING, Secret, resolve

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OidcSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An identity provider.

    ``name`` stands on the button. ``name_claim`` gives new accounts their names. ``roles_claim`` (with dots: inside of objects)
    holds groups, which ``roles`` maps to ``PROJECT:ROLE`` (``*:ROLE``: in every project). Somebody without an account gets one
    if a group gives a role, or with ``create``. With ``link_by_email`` an account of the same address is taken, where the
    provider says that it verified the address. ``audience``: access tokens of the provider that are made for it are taken by the
    API; without it none is.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    name: str = ""
    scopes: str = "openid profile email"
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    roles: dict[str, list[str] | str] = {}
    create: bool = False
    link_by_email: bool = False
    audience: str = ""

    @property
    def secret(self) -> Secret:
        """The client's secret, with what it refers to."""
        return resolve(self.client_secret) if self.client_secret else NOTHING

    @property
    def shown(self) -> str:
        """What people know the provider by."""
        return self.name or urlsplit(self.issuer).hostname or self.issuer

    def granted(self, groups: list[str]) -> set[tuple[str, str]]:
        """Project and role for each group that the settings know."""
        found = set()
        for group in groups:
            given = self.roles.get(group, [])
            for text in [given] if isinstance(given, str) else given:
                project, _, role = text.rpartition(":")
                found.add((project, role))
        return found


def oidc_settings(table: Mapping[str, Any]) -> OidcSettings | None:
    """The settings of a table; None where it is empty. Raises UsageError naming what is wrong.

    >>> oidc_settings({}) is None
    True
    >>> oidc_settings({"issuer": "https://id.example.com", "client_id": "ninefold", "roles": {"ml": "flights:scientist"}}).granted(["ml"])
    {('flights', 'scientist')}
    """
    if not table:
        return None
    where = "[tool.ninefold.oidc]"
    try:
        made = msgspec.convert(dict(table), OidcSettings)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=where, hint='write issuer = "https://...", client_id = "...", client_secret = "env:NAME"') from None
    check_url(made.issuer, where)
    if made.client_secret and not made.secret.variables:
        raise UsageError("the client's secret stands in the settings", where=where, hint='name a variable that holds it: client_secret = "env:NAME"')
    for given in made.roles.values():
        for text in [given] if isinstance(given, str) else given:
            project, _, role = text.rpartition(":")
            if not project:
                raise UsageError(f'"{text}" names no project', where=where, hint='write "PROJECT:ROLE", or "*:ROLE" for every project')
            check_project(project)
            check_role(role)
    return made


def check_url(url: str, where: str) -> str:
    """An https address, or http on this machine. Raises UsageError."""
    parts = urlsplit(url)
    fine = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not fine or not parts.hostname or parts.username or parts.fragment:
        raise UsageError(f'"{url[:200]}" is no address of an identity provider', where=where, hint="it begins with https://")
    return url
