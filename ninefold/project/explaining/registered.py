"""Versions by what people call them: a number, an alias, or the newest; and where one that a client registered comes from."""

from typing import Any

import msgspec

from ninefold.errors import NotFoundError, closest
from ninefold.models.records import stored
from ninefold.models.registry import RegisteredVersion, Registry, records
from ninefold.project.explaining.why import Origin, origin_of
from ninefold.project.home import Home
from ninefold.secret import without_password


def called(home: Home, what: str) -> RegisteredVersion:
    """The version that ``churn@2``, ``churn@champion`` or ``churn`` (the newest) means. Raises NotFoundError with what there is."""
    registry, known = Registry(home.ledger, home.project), records.names(home.ledger, home.project)
    if what in known:
        return registry.by_alias(what, "latest")
    model, _, which = what.rpartition("@")
    if model not in known:
        hint = closest(model or what, known) if known else "run the project first: ninefold run; or register one with an MLflow client"
        raise NotFoundError(f'there is no model "{(model or what)[:250]}" with a version in {home.project}', hint=hint)
    if not (which.isascii() and which.isdigit()):
        return registry.by_alias(model, which)
    found = registry.versions([(model, int(which))]) if len(which) < 10 else []
    if not found:
        have = ", ".join(str(v.version) for v in reversed(records.of(home.ledger, home.project, model, limit=20)))
        raise NotFoundError(f"the model {model} has no version {which[:20]}", hint=f"it has {have or 'none yet'}")
    return found[0]


def version_origin(home: Home, found: RegisteredVersion) -> Origin:
    """Where a version comes from, whoever made it."""
    made = stored(home.ledger, home.project, found.name, found.version)
    if found.own:
        assert made is not None, "what the project made has a bundle"
        return origin_of(home, made)
    if made is None:
        return _unread(home, found)
    read = origin_of(home, made)
    return msgspec.structs.replace(read, registered={**read.registered, **about(found)})


def about(found: RegisteredVersion) -> dict[str, Any]:
    """What a client said of a version."""
    return {
        "source": without_password(found.source),
        "run": found.run,
        "logged": found.model,
        "by": found.actor,
        "at": found.created,
        "aliases": found.aliases,
        "stage": found.stage,
        "description": found.description,
        "tags": found.tags,
    }


def _unread(home: Home, found: RegisteredVersion) -> Origin:
    """Of one that no endpoint asked for yet: it has no bundle."""
    fact = home.ledger.last("version.registered", found.subject)
    return Origin(
        model=found.name, version=found.version, bundle="", made_at=found.created, made_by=found.actor, winner="", reason="", candidates=[],
        criteria=[], training={}, tables=[], files=[], packages={}, policy={}, problem={}, approvals=[],
        facts=[] if fact is None else [fact.seq], registered=about(found),
    )  # fmt: skip
