"""Times as people read them in a terminal."""

from ninefold.clock import moment_of, now

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def when(at: int | None, tz: str | None = None) -> str:
    """A time in its zone; nothing says UTC unless it is.

    >>> when(1_380_600_000_000_000, "America/New_York"), when(0), when(None)
    ('2013-10-01 00:00 America/New_York', '1970-01-01 00:00 UTC', 'never')
    """
    return "never" if at is None else f"{moment_of(at, tz):%Y-%m-%d %H:%M} {tz or 'UTC'}"


def ago(at: int, since: int | None = None) -> str:
    """How long ago a time was, in its largest unit.

    >>> ago(0, 7_200_000_000), ago(0, 90_000_000), ago(0, 5)
    ('2 hours ago', '1 minute ago', 'just now')
    """
    seconds = ((since if since is not None else now()) - at) // 1_000_000
    for size, name in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {name}{'s' if seconds // size != 1 else ''} ago"
    return "just now"
