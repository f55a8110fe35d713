"""Names, keys and values that the protocol takes: lengths, characters, what is cut and what is refused."""

import posixpath
import re

from ninefold.protocols.mlflow.errors import INVALID, WireError, invalid
from ninefold.protocols.mlflow.wire import need

KEY, PARAM, TAG, EXPERIMENT, EXPERIMENT_TAG = 250, 6000, 8000, 500, 20_000
LOCATION = 2048
DATASETS, DATASET_NAME, DATASET_DIGEST, DATASET_SOURCE, DATASET_SCHEMA, DATASET_PROFILE = 1000, 500, 36, 65_535, 2**20 - 1, 2**24 - 1
INPUT_TAG_KEY, INPUT_TAG = 255, 500
METRICS, PARAMS, TAGS, ENTITIES = 1000, 100, 100, 1000
_KEY = re.compile(r"[/\w.\- :]{1,250}")
_PLAIN = re.compile(r"[\w\- :]{1,250}")  # without dot and slash nothing can be another path
_RUN = re.compile(r"[a-zA-Z0-9][\w-]{0,255}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def key(name: str | None, where: str) -> str:
    """The name of a parameter, metric or tag. It may stand for a file, so it must be the path that it looks like.

    >>> key("val/auc", "key")
    'val/auc'
    """
    given = need(name, where)
    if _PLAIN.fullmatch(given):
        return given
    if len(given) > KEY:
        raise WireError(INVALID, f"'{where}' exceeds the maximum length of {KEY} characters")
    if not _KEY.fullmatch(given):
        raise invalid(
            where, given, "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )
    normal = posixpath.normpath(given)
    if normal != given or normal == "." or normal.startswith(("..", "/")):
        raise invalid(where, given, f"Names may be treated as files, and must not resolve to other names. This name would resolve to {normal!r}")
    return given


def param(name: str | None, value: str | None, where: str = "key") -> tuple[str, str]:
    """A parameter; a long value is cut, as clients do it too."""
    return key(name, where), (value or "")[:PARAM]


def tag(name: str | None, value: str | None, where: str = "key") -> tuple[str, str]:
    """A tag of a run; a long value is cut."""
    return key(name, where), (value or "")[:TAG]


def experiment_tag(name: str | None, value: str | None) -> tuple[str, str]:
    """A tag of an experiment; a long value is refused."""
    text = value or ""
    if len(text) > EXPERIMENT_TAG:
        raise WireError(INVALID, f"'value' exceeds the maximum length of {EXPERIMENT_TAG} characters")
    return key(name, "key"), text


def experiment_name(name: str) -> str:
    """The name of an experiment."""
    if len(name) > EXPERIMENT:
        raise WireError(INVALID, f"'name' exceeds the maximum length of {EXPERIMENT} characters")
    if "\x00" in name:
        raise invalid("name", name, "a name has no NUL")
    return name


def location(uri: str) -> str:
    """Where an experiment says that its files lie. This server never opens it, so it only has to be a URI without tricks."""
    if len(uri) > LOCATION:
        raise WireError(INVALID, f"'artifact_location' exceeds the maximum length of {LOCATION} characters")
    bare = uri.split("://", 1)[-1]
    if any(c in uri for c in "\x00\r\n#?") or ".." in re.split(r"[/\\]|%2f|%5c", bare.lower().replace("%2e", ".")):
        raise invalid("artifact_location", uri, "it has no query, fragment or '..'")
    return uri


def run_id(name: str, where: str = "run_id") -> str:
    """The id of a run, where a client gives one; ids of traces have the same form."""
    if not _RUN.fullmatch(name):
        raise invalid(where, name)
    return name


def count(entity: str, limit: int, given: int) -> None:
    """How many of something one request may carry."""
    if given > limit:
        raise WireError(
            INVALID,
            f"A batch logging request can contain at most {limit} {entity}. Got {given} {entity}. "
            f"Please split up {entity} across multiple requests and try again.",
        )


def batch(metrics: int, params: int, tags: int) -> None:
    """How much one log-batch may carry."""
    for entity, limit, given in (("metrics", METRICS, metrics), ("params", PARAMS, params), ("tags", TAGS, tags)):
        count(entity, limit, given)
    count("metrics, params, and tags", ENTITIES, metrics + params + tags)


def text(value: str, where: str, limit: int) -> str:
    """A text that is refused where it is longer than it may be."""
    if len(value) > limit:
        raise WireError(INVALID, f"'{where}' exceeds the maximum length of {limit} characters")
    return value
