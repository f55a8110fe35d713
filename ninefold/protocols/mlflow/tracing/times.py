"""Times as traces write them: RFC 3339, with as many digits as they need."""

from datetime import UTC, datetime

from ninefold.protocols.mlflow.errors import invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at: int) -> str:
    """A time of ours as traces write it.

    >>> instant(1_500_000)
    '1970-01-01T00:00:01.500Z'
    """
    whole = datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
    return whole + (f"{at % 1_000_000:06d}Z" if at % 1000 else f"{at // 1000 % 1000:03d}Z")


def moment(text: str, name: str) -> int:
    """A time of a trace as ours; WireError where it is none.

    >>> moment("1970-01-01T00:00:01.5Z", "request_time")
    1500000
    """
    try:
        found = datetime.fromisoformat(text)
        since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        raise invalid(name, text, "it is a time such as 2026-11-21T17:47:51.302Z") from None
    if since.days < 0:
        raise invalid(name, text, "it lies before 1970")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def duration(text: str | None) -> int | None:
    """A duration as microseconds.

    >>> duration("0.004s")
    4000
    """
    if text is None:
        return None
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not text.endswith("s") or not 0 <= seconds < 1e9:
        raise invalid("execution_duration", text, "it is a number of seconds such as 0.004s")
    return round(seconds * 1_000_000)
