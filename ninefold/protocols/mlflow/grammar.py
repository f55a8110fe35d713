"""Filters and orders as the protocol's clients write them, told in our words: times in milliseconds, its names of fields and states.

What runs, experiments, logged models, registered models, versions and traces can be asked for is said once, in the vocabularies
below; the grammar itself is the one of ``ninefold.runs.searching.grammar``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ninefold.errors import UsageError
from ninefold.runs.searching.filters import LISTS, NULLS, NUMERIC, TEXT, Comparison, Field, Sign, holds
from ninefold.runs.searching.grammar import Attribute, Labels, Read, Vocabulary, read_filter, read_order

__all__ = ["EXPERIMENTS", "LOGGED", "MODELS", "RUNS", "TRACES", "VERSIONS", "read_filter", "read_order"]

_FIRST, _LAST = -(2**53), 2**53  # milliseconds: no clock says more, and their microseconds fit 64 bits
_NAMES = TEXT | LISTS
_WHOLE = frozenset[Sign]({"=", "!="}) | LISTS
RLIKE = frozenset[Sign]({"rlike"})


def millis(name: str) -> Read:
    """Comparisons of a time, or a span of time, in milliseconds with ours in microseconds: each of them stands for a thousand.

    >>> [(c.sign, c.value) for sign in ("=", ">", ">=", "<=") for c in millis("started")(sign, 5)]
    [('within', (5000, 6000)), ('>=', 6000), ('>=', 5000), ('<', 6000)]
    """
    field = Field("attribute", name)

    def read(sign: Sign, value: Any) -> list[Comparison]:
        first = math.ceil(min(max(value, _FIRST), _LAST))  # of a fraction, the next whole one
        exact = first == value
        if sign in {"=", "!="}:
            if not exact:
                return [Comparison(field, "in" if sign == "=" else "not in", ())]
            return [Comparison(field, "within" if sign == "=" else "outside", (first * 1000, first * 1000 + 1000))]
        after = first + (exact and sign in {">", "<="})
        return [Comparison(field, ">=" if sign in {">", ">="} else "<", after * 1000)]

    return read


def words(name: str, known: Mapping[str, str]) -> Read:
    """Comparisons of a state's name in the protocol, as a choice among ours.

    >>> [c.value for c in words("status", {"READY": "ready", "PENDING": "pending"})("like", "%E%D%")]
    [('pending', 'ready')]
    """

    def read(sign: Sign, value: Any) -> list[Comparison]:
        # several words may mean one of ours: what is not one of them is told by what is
        positive: Sign = {"!=": "=", "not in": "in"}.get(sign, sign)  # type: ignore[assignment]
        chosen = {ours for word, ours in known.items() if holds(positive, word, value)}
        if positive != sign:
            chosen = set(known.values()) - chosen
        return [Comparison(Field("attribute", name), "in", tuple(sorted(chosen)))]

    return read


def _numbers(name: str) -> Read:
    """Numbers that are written as texts."""

    def read(sign: Sign, value: Any) -> list[Comparison]:
        given = [_whole(name, text) for text in (value if isinstance(value, tuple) else (value,))]
        return [Comparison(Field("attribute", name), sign, tuple(given) if isinstance(value, tuple) else given[0])]

    return read


def _whole(name: str, text: Any) -> int:
    if not str(text).isascii() or not str(text).isdigit() or len(str(text)) > 18:
        raise UsageError(f"{str(text)[:40]!r} is no number", hint=f"the {name} is a decimal number in quotes")
    return int(text)


def _labels(kind: str, *names: str, **how: Any) -> dict[str, Labels]:
    return {name: Labels(kind, **how) for name in names}


def _times(**ours: Sequence[str]) -> dict[str, Attribute]:
    return {name: Attribute(our, NUMERIC, numeric=True, read=millis(our)) for our, names in ours.items() for name in names}


_STATUS = {"SCHEDULED": "scheduled", "RUNNING": "running", "FINISHED": "done", "FAILED": "failed", "KILLED": "killed"}
_METRIC: dict[str, Any] = {"signs": NUMERIC, "numeric": True}
_RUN_NAMES = ("run_name", "run name", "Run name", "Run Name")

RUNS = Vocabulary(
    "runs",
    {
        "run_id": Attribute("id", _NAMES),
        **{name: Attribute("name", _NAMES) for name in _RUN_NAMES},
        "status": Attribute("status", _NAMES, read=words("status", _STATUS)),
        "artifact_uri": Attribute("root", _NAMES),
        "user_id": Attribute("actor", _NAMES),
        **_times(started=("start_time", "created", "Created"), ended=("end_time",)),
    },
    {
        **_labels("metric", "metrics", "metric", **_METRIC),
        **_labels("param", "params", "param", "parameters", "parameter"),
        **_labels(
            "tag", "tags", "tag",
            otherwise={"mlflow.runName": "name", "mlflow.parentRunId": "parent", "mlflow.user": "actor", "mlflow.source.name": "source"},
        ),
        **_labels(
            "dataset", "datasets", "dataset",
            signs=_NAMES, keys=("name", "digest", "context"), renamed={"context": Field("input_tag", "mlflow.data.context")},
        ),
    },
    prefixes=("attributes", "attribute", "attr", "run"),
    order_labels=("metric", "param", "tag"),
)  # fmt: skip

EXPERIMENTS = Vocabulary(
    "experiments",
    {
        "name": Attribute("name", TEXT),
        "experiment_id": Attribute("id", _WHOLE, read=_numbers("id")),
        **_times(created=("creation_time",), updated=("last_update_time",)),
    },
    _labels("tag", "tags", "tag"),
    prefixes=("attribute", "attributes"),
)

# what is a prompt is no model to clients, and they say so by a tag that models do not have
PROMPT = "mlflow.prompt.is_prompt"
_NO_PROMPT = {PROMPT: "false"}
MODELS = Vocabulary(
    "registered models",
    {"name": Attribute("name", _NAMES)},
    _labels("tag", "tags", "tag", signs=TEXT),
    prefixes=("attribute", "attributes"),
    absent=_NO_PROMPT,
    orders={"name": "name", "timestamp": "updated", "last_updated_timestamp": "updated", "creation_timestamp": "created"},
)
VERSIONS = Vocabulary(
    "model versions",
    {
        "name": Attribute("name", _NAMES),
        "version_number": Attribute("version", NUMERIC, numeric=True, quoted=True),
        "run_id": Attribute("run", _NAMES),
        "source_path": Attribute("source", _NAMES),
        **_times(created=("creation_timestamp",), updated=("last_updated_timestamp",)),
    },
    _labels("tag", "tags", "tag", signs=TEXT),
    prefixes=("attribute", "attributes"),
    absent=_NO_PROMPT,
    orders={"name": "name", "version_number": "version", "creation_timestamp": "created", "last_updated_timestamp": "updated"},
)

_READY = {"PENDING": "pending", "READY": "ready", "FAILED": "failed"}
_READY |= {"LOGGED_MODEL_PENDING": "pending", "LOGGED_MODEL_READY": "ready", "LOGGED_MODEL_UPLOAD_FAILED": "failed"}
LOGGED = Vocabulary(
    "logged models",
    {
        "name": Attribute("name", _NAMES),
        "model_id": Attribute("id", _NAMES),
        "model_type": Attribute("kind", _NAMES),
        "status": Attribute("status", _NAMES, read=words("status", _READY)),
        "source_run_id": Attribute("run", _NAMES),
        **_times(
            created=("creation_timestamp", "creation_timestamp_ms", "creation_time"),
            updated=("last_updated_timestamp", "last_updated_timestamp_ms", "last_updated_time"),
        ),
    },
    {
        **_labels("metric", "metrics", "metric", **_METRIC),
        **_labels("param", "params", "param", signs=_NAMES),
        **_labels("tag", "tags", "tag", signs=_NAMES),
    },
    prefixes=("attributes", "attribute"),
    order_labels=("metric",),
    plain=True,
)

# the names of a trace's state and of its spans' states are those of OpenTelemetry's users, so they are kept as they are
_TRACE_TEXT = _NAMES | RLIKE
_ASSESSED: dict[str, Any] = {"signs": NUMERIC | TEXT | NULLS | RLIKE, "either": True}
TRACES = Vocabulary(
    "traces",
    {
        **{name: Attribute("id", _TRACE_TEXT) for name in ("request_id", "trace_id")},
        "status": Attribute("status", _TRACE_TEXT),
        "client_request_id": Attribute("client", _TRACE_TEXT),
        "name": Attribute("name", _TRACE_TEXT),
        "run_id": Attribute("run", _TRACE_TEXT),
        "prompt": Attribute("prompt", _TRACE_TEXT, read=lambda sign, value: [Comparison(Field("tag", "mlflow.linkedPrompts"), sign, value)]),
        "text": Attribute("text", frozenset({"like", "ilike"}), read=lambda sign, value: [Comparison(Field("span", "content"), sign, value)]),
        **_times(started=("timestamp", "timestamp_ms"), took=("execution_time", "execution_time_ms"), ended=("end_time", "end_time_ms")),
    },
    {
        **_labels("tag", "tags", "tag", signs=_TRACE_TEXT | NULLS),
        **_labels("metadata", "metadata", "request_metadata", signs=TEXT | NULLS | RLIKE),
        **_labels("span", "span", signs=_TRACE_TEXT, keys=("name", "type", "status", "content", "attributes.")),
        **_labels("feedback", "feedback", **_ASSESSED),
        **_labels("expectation", "expectation", **_ASSESSED),
        **_labels("issue", "issue", signs=frozenset({"="}), keys=("id",)),
    },
    prefixes=("attributes", "attribute", "trace"),
    order_labels=("tag", "metadata"),
)
