"""From a provider's claims to an account: found by its subject, linked, or made; its roles follow the provider's groups."""

import hashlib
from contextlib import suppress
from typing import Any

from ninefold.accounts.accounts import Accounts
from ninefold.accounts.oidc.settings import OidcSettings
from ninefold.accounts.people import Person
from ninefold.accounts.roles import check_name
from ninefold.errors import ConflictError, DeniedError, UsageError


def admit(accounts: Accounts, settings: OidcSettings, claims: dict[str, Any]) -> str:
    """The name of the account that these claims sign in as; its grants that came from groups are those of today.

    Raises DeniedError where there is none and none may be made, or it is disabled.
    """
    subject = f"{settings.issuer}#{claims['sub']}"
    granted = settings.granted(_groups(claims, settings.roles_claim))
    person = (
        accounts.people.by_subject(subject) or _linked(accounts, settings, claims, subject) or _made(accounts, settings, claims, subject, granted)
    )
    if person.state != "active":
        raise DeniedError("the account is disabled", hint="ask an administrator")
    _follow(accounts, settings, person.name, granted)
    return person.name


def _linked(accounts: Accounts, settings: OidcSettings, claims: dict[str, Any], subject: str) -> Person | None:
    """An account with the same address: only where the settings allow it and the provider has verified the address."""
    email = claims.get("email")
    if not settings.link_by_email or claims.get("email_verified") is not True or not isinstance(email, str) or not email:
        return None
    person = accounts.people.by_email(email)
    if person is None or person.subject is not None:
        return None
    accounts.people.link(person.name, subject)
    return accounts.people.get(person.name)


def _made(accounts: Accounts, settings: OidcSettings, claims: dict[str, Any], subject: str, granted: set[tuple[str, str]]) -> Person:
    if not settings.create and not granted:
        raise DeniedError("there is no account for you here, and none of your groups gives a role", hint="ask an administrator")
    name = _name(str(claims.get(settings.name_claim, "")), subject)
    full_name, email = _line(claims.get("name")), _line(claims.get("email")) if claims.get("email_verified") is True else ""
    try:
        return accounts.people.add(name, subject=subject, actor=name, full_name=full_name, email=email)
    except ConflictError:
        # the name is somebody else's: whoever picks that name at the provider must not become them
        name = _name("", subject)
        return accounts.people.add(name, subject=subject, actor=name, full_name=full_name, email=email)


def _name(wanted: str, subject: str) -> str:
    short = wanted.partition("@")[0].lower()
    try:
        return check_name(short)
    except UsageError:
        return "oidc-" + hashlib.sha256(subject.encode()).hexdigest()[:12]


def _follow(accounts: Accounts, settings: OidcSettings, name: str, granted: set[tuple[str, str]]) -> None:
    """Give and take the roles that come from groups; those that people gave stay."""
    by = f"oidc:{settings.shown}"
    before = {(grant.project, grant.role): grant.by for grant in accounts.grants.given(name)}
    for project, role in granted - before.keys():
        accounts.grants.give(name, role, project, actor=by)
    for (project, role), giver in before.items():
        if giver == by and (project, role) not in granted:
            with suppress(ConflictError):  # the last administrator stays one until there is another
                accounts.grants.take(name, role, project, actor=by)


def _groups(claims: dict[str, Any], path: str) -> list[str]:
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    several = found if isinstance(found, list) else [found]
    return [one for one in several if isinstance(one, str)]


def _line(value: Any) -> str:
    return value[:200] if isinstance(value, str) and value[:200].isprintable() else ""
