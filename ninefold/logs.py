"""Logging: plain lines for people, JSON lines for programs, secrets never."""

import logging
import re
import sys
from typing import IO, Any, Literal

import msgspec

from ninefold.clock import iso

_HIDDEN = "***"
_SHORTEST = 6  # a shorter value would hide ordinary text
_PATTERNS = [
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@"), r"\1:***@"),  # a password in a URL
    (re.compile(r"(?i)\b(authorization|proxy-authorization|cookie|set-cookie)(\W+)(?:(bearer|basic)\s+)?[^\r\n]+"), r"\1\2***"),
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(?i)([\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key))([\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+"), r"\1\2***"),
]
_secrets: set[str] = set()


def hide(value: str) -> None:
    """Never shows this value in a log again: whoever resolves a secret says it here."""
    if len(value) >= _SHORTEST:
        _secrets.add(value)


def redacted(text: str) -> str:
    """The text without known secrets and what looks like one.

    >>> redacted("connecting to postgresql://me:hunter22@db/x with token=abc123")
    'connecting to postgresql://me:***@db/x with token=***'
    """
    for value in sorted(_secrets, key=len, reverse=True):
        text = text.replace(value, _HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class PlainFormatter(logging.Formatter):
    """``2013-10-01T00:00:00Z warning ninefold.ledger: what happened``."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redacted(line)


class JSONFormatter(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, whatever ``extra=`` gave, ``error`` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {"at": _time(record), "level": record.levelname.lower(), "logger": record.name}
        said["message"] = redacted(record.getMessage())
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name not in said:
                said[name] = _shown(name, value)
        if record.exc_info:
            said["error"] = redacted(self.formatException(record.exc_info))
        return msgspec.json.encode(said, enc_hook=lambda value: redacted(repr(value))).decode()


def _shown(name: str, value: Any) -> Any:
    """A value without what its name or its text says to be secret, also inside of dictionaries and lists."""
    if isinstance(value, str):
        return redacted(f"{name}={value}").removeprefix(f"{name}=")
    if isinstance(value, dict):
        return {str(key): _shown(str(key), one) for key, one in value.items()}
    return [_shown(name, one) for one in value] if isinstance(value, (list, tuple, set, frozenset)) else value


_STANDARD = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def _time(record: logging.LogRecord) -> str:
    return iso(int(record.created * 1000) * 1000)


def setup(form: Literal["plain", "json"] = "plain", level: str = "warning", stream: IO[str] | None = None) -> logging.Handler:
    """Sends the logs of ninefold to ``stream`` (default: standard error); a second call replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JSONFormatter() if form == "json" else PlainFormatter())
    logger = logging.getLogger("ninefold")
    for old in [old for old in logger.handlers if isinstance(old.formatter, PlainFormatter | JSONFormatter)]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False
    return handler
