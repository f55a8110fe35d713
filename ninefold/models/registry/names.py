"""What the registry's names, aliases, stages and tags may be."""

import re

from ninefold.errors import UsageError, closest

STAGES = ("None", "Staging", "Production", "Archived")
ACTIVE_STAGES = ("Staging", "Production")
CHAMPION = "champion"
_ALIAS = re.compile(r"[\w\-]+")
_LIKE_A_VERSION = re.compile(r"[vV]\d+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST = {"name": 250, "alias": 255, "key": 250, "value": 100_000, "description": 100_000}


def model_name(given: str) -> str:
    """The name of a registered model, checked: a path segment, without "/" and ":" (these separate it from its version in a URI).

    >>> model_name("churn, west")
    'churn, west'
    """
    if not given.strip():
        raise UsageError("the model has no name", hint="give it one, such as churn", where="name")
    if "/" in given or ":" in given or given in {".", ".."} or _CONTROL.search(given):
        raise UsageError(f"the model's name is {given[:80]!r}", hint='a name has no "/", no ":" and no control characters', where="name")
    return short("name", given)


def alias_name(given: str) -> str:
    """An alias that may be set: letters, digits, "_" and "-"; neither ``latest`` nor what reads as a version.

    >>> alias_name("champion")
    'champion'
    """
    if not _ALIAS.fullmatch(given):
        raise UsageError(f"the alias is {given[:80]!r}", hint='write it with letters, digits, "_" and "-"', where="alias")
    if given.lower() == "latest" or _LIKE_A_VERSION.fullmatch(given):
        raise UsageError(f'the alias "{given}" is reserved', hint="latest and v1, v2, ... mean versions already", where="alias")
    return short("alias", given)


def stage_name(given: str) -> str:
    """A stage as it is written, whatever the case in which it was given.

    >>> stage_name("production")
    'Production'
    """
    found = next((s for s in STAGES if s.lower() == given.lower()), None)
    if found is None:
        raise UsageError(f"the stage is {given[:80]!r}", hint=closest(given, STAGES), where="stage")
    return found


def tag(key: str, value: str) -> tuple[str, str]:
    """A tag's key and value, checked."""
    if not key or _CONTROL.search(key):
        raise UsageError(f"the tag's key is {key[:80]!r}", hint="give 1 to 250 characters, none of them a control character", where="key")
    return short("key", key), short("value", value)


def short(what: str, given: str) -> str:
    """A text that is not longer than texts of its kind may be, and that a database can hold."""
    if "\x00" in given:
        raise UsageError(f"the {what} holds a NUL character", hint="leave it out", where=what)
    if len(given) > _MOST[what]:
        raise UsageError(f"the {what} has {len(given)} characters, at most {_MOST[what]} are kept", hint="shorten it", where=what)
    return given
