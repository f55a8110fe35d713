"""What a script gives, checked where it gives it: the ledger can keep what is taken here."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ninefold.errors import UsageError
from ninefold.runs.artifacts import checked
from ninefold.runs.tracking.operations import KEY, TEXT

_SHOWN = 80  # characters of a wrong value in a message
_encode = msgspec.json.Encoder().encode


def keepable(text: str) -> bool:
    r"""Whether every database can keep a text, and JSON carry it.

    >>> keepable("größe"), keepable("a\0b"), keepable("\ud800")
    (True, False, False)
    """
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def whole_text(text: str) -> str:
    r"""A text that nobody chose, such as the arguments of a script, with marks for what no database can keep.

    >>> whole_text("caf\udce9")
    'caf?'
    """
    return text.replace("\0", "?").encode("utf-8", "replace").decode()


def name_of(given: Any, what: str = "name") -> str:
    """A name: of a metric, a parameter, a tag, an experiment. UsageError."""
    if type(given) is str and given.isascii() and 0 < len(given) <= KEY and "\0" not in given:  # nearly always, in no time
        return given
    if not isinstance(given, str) or not 0 < len(given) <= KEY:
        raise UsageError(f"the {what} is {_shown(given)}", hint=f"give a text of 1 to {KEY} characters")
    if not keepable(given):
        raise UsageError(f"the {what} is {_shown(given)}, which has {_unkept(given)}", hint="give a text without it")
    return str(given)


def mapping(given: Any, what: str) -> dict[Any, Any]:
    """Names with their values. UsageError for what has none."""
    if type(given) is dict or given is None:
        return given or {}
    try:
        return dict(given.items())
    except (AttributeError, TypeError, ValueError):
        raise UsageError(f"the {what} are {_shown(given)}", hint='give names with values: {"rate": 0.1}') from None


def number(key: Any, value: Any) -> float:
    """A metric's value; NumPy's and other libraries' numbers are taken too."""
    try:
        if isinstance(value, bool | str | bytes):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"the metric {_shown(key)} is {_shown(value)}", hint="give a number; texts are parameters or tags") from None


def whole(step: Any) -> int:
    """The step of a point."""
    try:
        number = step.__index__()
    except (AttributeError, TypeError):
        raise UsageError(f"the step is {_shown(step)}", hint="give a whole number") from None
    if not -(1 << 63) <= number < 1 << 63:
        raise UsageError(f"the step is {number}", hint="give a whole number of 64 bits")
    return int(number)


def texts(values: Mapping[Any, Any]) -> dict[str, str]:
    """Parameters or tags: values become texts."""
    found = {}
    for key, value in values.items():
        name, text = name_of(key), str(value)
        if len(text) > TEXT:
            raise UsageError(f'"{name}" has {len(text)} characters', hint=f'give at most {TEXT}; save more as a file: run.save("{name}.txt", …)')
        if not keepable(text):
            raise UsageError(f'"{name}" is {_shown(text)}, which has {_unkept(text)}', hint=f'save it as a file: run.save("{name}", b"…")')
        found[name] = text
    return found


def path_of(given: str) -> str:
    """The path of a file in a run."""
    if not keepable(checked(given)):
        raise UsageError(f"the path of a file is {_shown(given)}, which has {_unkept(given)}", hint="give another name")
    return given


def content(path: str, data: Any) -> bytes | Path:
    """What a file of a run is made of."""
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    if isinstance(data, str):
        return _utf8(path, data)
    if isinstance(data, os.PathLike):
        file = Path(data)
        if not file.is_file():
            raise UsageError(f"there is no file {file}", hint=f'give its path, or its content: run.save("{path}", b"…")')
        return file
    if callable(getattr(data, "savefig", None)):
        buffer = io.BytesIO()
        data.savefig(buffer, format=Path(path).suffix[1:] or "png")
        return buffer.getvalue()
    try:
        return _encode(data)
    except (TypeError, ValueError, msgspec.MsgspecError):
        raise UsageError(f'"{path}" is a {type(data).__name__}', hint="give bytes, text, a Path, a figure, or lists and dictionaries") from None


def _utf8(path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UsageError(f'the text of "{path}" has {_unkept(text)}', hint='give its bytes: text.encode("utf-8", "surrogateescape")') from None


def _unkept(text: str) -> str:
    return "a zero character" if "\0" in text else "a half of a surrogate pair, which UTF-8 does not have"


def _shown(given: Any) -> str:
    """As Python writes it, cut inside of its quotes."""
    said = repr(given)
    if len(said) <= _SHOWN:
        return said
    return f"{given[:_SHOWN]!r}…" if isinstance(given, str) else f"{said[:_SHOWN]}…"
