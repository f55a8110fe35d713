"""What is wrong with a name, an alias, a stage or a version, in the words that clients of the registry know."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.models.registry.names import STAGES
from ninefold.protocols.mlflow.errors import EXISTS, GONE, INVALID, WireError, said
from ninefold.protocols.mlflow.wire import need

_ALIAS = re.compile(r"[\w\-]+")
_LIKE_A_VERSION = re.compile(r"[vV]\d+")
_NUMBER = re.compile(r"[0-9]{1,18}")
Handler = Callable[..., Any]


def name_of(given: str | None, where: str = "name") -> str:
    """The name of a registered model.

    >>> name_of("churn")
    'churn'
    """
    name = need(given.strip() and given if given is not None else None, where)
    if "/" in name or ":" in name:
        raise WireError(INVALID, f"Invalid model name '{name[:200]}'. Names cannot contain '/' or ':'.")
    return name


def alias_of(given: str | None, *, setting: bool = False) -> str:
    """An alias; one that is set must not mean something else already."""
    if not given:
        raise WireError(INVALID, "Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(given):
        rule = "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        raise WireError(INVALID, f"Invalid alias name: '{given[:200]}'. {rule}")
    if setting and given.lower() == "latest":
        raise WireError(INVALID, "'latest' alias name (case insensitive) is reserved.")
    if setting and _LIKE_A_VERSION.fullmatch(given):
        raise WireError(INVALID, f"Version alias name '{given}' is reserved.")
    return given


def version_of(given: str | int | None) -> int:
    """The number of a version, which travels as text.

    >>> version_of("3")
    3
    """
    text = str(need(given, "version"))
    if not _NUMBER.fullmatch(text):
        raise WireError(INVALID, f"Parameter 'version' must be an integer, got '{text[:200]}'.")
    return int(text)


def in_words(handler: Handler) -> Handler:
    """Errors of a handler in the words that clients expect."""

    @wraps(handler)
    def serve(place: Any, message: Any, call: Any) -> Any:
        try:
            return handler(place, message, call)
        except (NotFoundError, UsageError, ConflictError) as error:
            raise _told(error, message) or error from None

    return serve


def _told(error: NotFoundError | UsageError | ConflictError, message: Any) -> WireError | None:
    name, where = getattr(message, "name", None), error.where
    if isinstance(error, NotFoundError):
        if where == "name":
            return WireError(GONE, f"Registered Model with name={name} not found")
        if where == "version":
            return WireError(GONE, f"Model Version (name={name}, version={getattr(message, 'version', None)}) not found")
        if where == "alias":
            return WireError(INVALID, f"Registered model alias {message.alias} not found.")
    if isinstance(error, ConflictError) and where == "name":
        return WireError(EXISTS, f"Registered Model (name={getattr(message, 'new_name', None) or name}) already exists.")
    if isinstance(error, UsageError) and where == "stage":
        # one, or (of the newest versions) several
        wrong = [s for s in (getattr(message, "stages", None) or [message.stage]) if s.lower() not in {stage.lower() for stage in STAGES}]
        if wrong:
            return WireError(INVALID, f"Invalid Model Version stage: {wrong[0][:200]}. Value must be one of {', '.join(STAGES)}.")
    if isinstance(error, UsageError) and where == "source":
        return WireError(INVALID, f"Invalid model version source: {said(error)}")
    return None
