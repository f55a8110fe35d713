"""Registered models and their versions as clients read them."""

from collections.abc import Iterable
from typing import Any

from ninefold.models.registry import RegisteredModel, RegisteredVersion
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.wire import Message, filled, millis, pairs
from ninefold.web.call import Call

STATUS = {"ready": "READY", "pending": "PENDING_REGISTRATION", "failed": "FAILED_REGISTRATION"}


class Tag(Message):
    """A tag as clients send it; without a value it is empty."""

    key: str | None = None
    value: str | None = None


class Named(Message):
    """What is asked of the registered model ``name``."""

    name: str | None = None


def model(found: RegisteredModel) -> dict[str, Any]:
    """A registered model."""
    return filled(
        name=found.name,
        creation_timestamp=millis(found.created),
        last_updated_timestamp=millis(found.updated),
        description=found.description or None,
        latest_versions=[version(v) for v in found.latest],
        tags=pairs(found.tags),
        aliases=[{"alias": alias, "version": str(number)} for alias, number in found.aliases.items()],
    )


def version(found: RegisteredVersion) -> dict[str, Any]:
    """A version of a registered model."""
    return filled(
        name=found.name,
        version=str(found.version),
        creation_timestamp=millis(found.created),
        last_updated_timestamp=millis(found.updated),
        user_id=found.actor or None,
        current_stage=found.stage,
        description=found.description,
        source=found.source,
        run_id=found.run or "",
        status=STATUS[found.status],
        status_message=found.message or None,
        tags=pairs(found.tags),
        aliases=found.aliases,
        model_id=found.model,
    )


def who(call: Call) -> str | None:
    """Who asks, as facts name them; None for whoever sits at this machine."""
    name: str | None = getattr(call.who, "name", None)
    return name if name != "local" else None


def tags(given: Iterable[Tag] | None) -> dict[str, str]:
    """Tags by key; of a key that comes twice the last. WireError for one without a key, or with one that no tag of a run could have."""
    return {limits.key(tag.key, "key"): tag.value or "" for tag in given or ()}
