"""The words of the stored forms in ours: statuses, times, numbers, links."""

import math
import re
import sys
from collections.abc import Iterable
from typing import Any

from ninefold.errors import DataError
from ninefold.ids import digest_of
from ninefold.models.registry.load import PastVersion
from ninefold.runs.pasts.history import PastRun, PointRow
from ninefold.runs.run import Status

_RUN: dict[str, Status] = {
    "SCHEDULED": "scheduled", "2": "scheduled", "RUNNING": "running", "1": "running", "FINISHED": "done", "3": "done",
    "FAILED": "failed", "4": "failed", "KILLED": "killed", "5": "killed",
}  # fmt: skip
_MODEL = {
    "1": "pending", "2": "ready", "3": "failed", "PENDING": "pending", "READY": "ready", "FAILED": "failed",
    "LOGGED_MODEL_PENDING": "pending", "LOGGED_MODEL_READY": "ready", "LOGGED_MODEL_UPLOAD_FAILED": "failed",
    "PENDING_REGISTRATION": "pending", "FAILED_REGISTRATION": "failed",
}  # fmt: skip
PARENT, NAME, USER, SOURCE = "mlflow.parentRunId", "mlflow.runName", "mlflow.user", "mlflow.source.name"
_LOGGED = re.compile(r"models:/(m-[0-9A-Za-z-]+)")
_MOST = 2**63 - 1


def run_status(given: object) -> Status:
    """The status of a run; one that nobody knows is that of a run whose end was never told."""
    return _RUN.get(str(given), "running")


def model_status(given: object) -> str:
    """The status of a logged model or of a registered version.

    >>> model_status(2), model_status("FAILED_REGISTRATION")
    ('ready', 'failed')
    """
    return _MODEL.get(str(given), "pending")


def state(given: object) -> str:
    """Whether something was deleted."""
    return "deleted" if given == "deleted" else "active"


def integer(given: Any, what: str, most: int = _MOST) -> int:
    """A whole number that fits 64 bits, 0 where there is none; DataError for anything else.

    >>> integer("3", "step"), integer(None, "step")
    (3, 0)
    >>> integer(10**20, "step")
    Traceback (most recent call last):
    ninefold.errors.DataError: its step is 100000000000000000000, expected a whole number of 64 bits
    """
    try:
        number = int(given or 0)
    except (ValueError, TypeError, OverflowError):
        number = most + 1
    if abs(number) > most:
        raise DataError(f"its {what} is {str(given)[:40]}, expected a whole number of 64 bits", hint="mend it there, and import again")
    return number


def micros(milliseconds: Any) -> int:
    """A stored time as ours; what is missing is 1970. DataError for what is no time."""
    return integer(milliseconds, "time in milliseconds", _MOST // 1000) * 1000


def ended(milliseconds: Any) -> int | None:
    """The end of a run; None where it has none."""
    return micros(milliseconds) or None


def row(step: Any, milliseconds: Any, value: Any, nan: Any = False) -> PointRow:
    """A point as it is kept here. Databases hold infinities as the greatest floats; they are infinities again.

    >>> row(3, 1000, 1.7976931348623157e308), row(0, 0, float("nan"))
    ((3, 1000000, inf, 0), (0, 0, 0.0, 1))
    """
    try:
        number = math.nan if nan or value is None else float(value)
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"its value is {str(value)[:40]}, expected a number", hint="mend it there, and import again") from None
    place = integer(step, "step"), micros(milliseconds)
    if math.isnan(number):
        return *place, 0.0, 1
    if abs(number) == sys.float_info.max:
        number = math.copysign(math.inf, number)
    return *place, number + 0.0, 0  # 0.0 of -0.0, which is the same point


def once(rows: Iterable[PointRow], before: PointRow | None = None) -> list[PointRow]:
    """Rows that are in order, each once; ``before`` is the last one of the piece before."""
    kept: list[PointRow] = []
    for one in rows:
        if one != before:
            kept.append(one)
        before = one
    return kept


def text(given: Any) -> str:
    """A text that every database can keep."""
    return "" if given is None else str(given).replace("\x00", "")


def stamp(past: PastRun, *more: Any) -> str:
    """A text that changes when the run does."""
    return digest_of([past, *more])


def past_run(info: dict[str, Any], params: dict[str, str], tags: dict[str, str], **more: Any) -> PastRun:
    """A run from the fields that all stored forms share."""
    return PastRun(
        id=info["id"],
        name=text(info.get("name") or tags.get(NAME)),
        status=run_status(info.get("status")),
        state=state(info.get("lifecycle_stage")),
        started=micros(info.get("start_time")),
        ended=ended(info.get("end_time")),
        parent=tags.get(PARENT) or None,
        source=tags.get(SOURCE, "") or text(info.get("source_name")),
        actor=text(info.get("user_id")) or tags.get(USER, ""),
        root=text(info.get("artifact_uri")),
        params=params,
        tags=tags,
        **more,
    )


def past_version(info: dict[str, Any], tags: dict[str, str]) -> PastVersion:
    """A registered version. ``root`` is where its files lie there, until the import says where they lie here."""
    source = text(info.get("source"))
    model = _LOGGED.match(source)
    return PastVersion(
        version=integer(info["version"], "version"),
        source=source,
        root=text(info.get("storage_location") or source),
        run=info.get("run_id") or None,
        model=info.get("model_id") or (model[1] if model else None),
        status=model_status(info.get("status") or "READY"),
        message=text(info.get("status_message")),
        stage=text(info.get("current_stage") or "None"),
        description=text(info.get("description")),
        actor=text(info.get("user_id")),
        created=micros(info.get("creation_time")),
        updated=micros(info.get("last_updated_time")),
        tags=tags,
    )
