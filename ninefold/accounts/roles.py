"""Roles: bundles of what somebody may do in a project. Routes name the roles that may call them; nothing else decides."""

import re

from ninefold.errors import UsageError, closest

ROLES = {
    "viewer": "reads what is not personal: pages, runs, metrics, models",
    "scientist": "logs runs, registers models, sends rows",
    "operator": "deploys, rolls back, sends rows, deletes and restores",
    "approver": "says yes to a version or a policy; never to what is their own",
    "auditor": "reads the ledger and verifies it",
    "administrator": "people, tokens, webhooks; neither approves nor reads personal data because of it",
    "service": "a program: sends rows, asks questions, logs runs",
}
EVERYWHERE = "*"  # a grant for every project, and what a route of the whole server asks for
_PROJECT = re.compile(r"[^/\s~*\x00-\x1f\x7f][^/\s\x00-\x1f\x7f]{0,249}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TAKEN = frozenset({"local", "unknown", "nobody"})  # what facts say where nobody is signed in


def check_role(role: str) -> str:
    """A role that exists. Raises UsageError with the nearest one.

    >>> check_role("viewer")
    'viewer'
    """
    if role not in ROLES:
        raise UsageError(f'there is no role "{role[:60]}"', hint=closest(role[:60], ROLES))
    return role


def check_project(project: str) -> str:
    """A project's name, or ``*``; it need not have run yet. Raises UsageError."""
    if project != EVERYWHERE and not _PROJECT.fullmatch(project):
        raise UsageError(f'"{project[:60]}" is no name of a project', hint="give a name without slashes and spaces, or * for every project")
    return project


def check_name(name: str) -> str:
    """A name for a person or a program: it stands in facts, so it is no e-mail address. Raises UsageError.

    >>> check_name("ada.lovelace")
    'ada.lovelace'
    """
    if not _NAME.fullmatch(name):
        hint = "up to 64 of: small letters, digits, dot, dash, underscore; it stands in facts for good, so no e-mail address"
        raise UsageError(f'"{name[:60]}" is no name for an account', hint=hint)
    if name in _TAKEN:
        raise UsageError(f'the name "{name}" means somebody who is not signed in', hint="choose another one")
    return name
