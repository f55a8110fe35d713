"""A Python function as a source."""

import inspect
import traceback
from typing import Any

from ninefold.errors import DataError
from ninefold.ids import digest_of
from ninefold.sources.frames import from_any
from ninefold.sources.read import Batch, FileRead
from ninefold.sources.source import Source
from ninefold.sources.types import continued
from ninefold.sources.watermark import above, highest, value_of


def call(source: Source, *, name: str, state: dict[str, Any] | None) -> Batch:
    """Call the function and take what it returns.

    With ``watermark=`` a function that has a parameter ``since`` is given the highest value seen (None the first time),
    so that it can ask for newer rows only. Raises ``DataError`` with the line of the function that failed, chained.
    """
    function: Any = source.of
    where = place_of(function)
    mark = (state or {}).get("watermark")
    takes_since = bool(source.watermark) and "since" in inspect.signature(function).parameters
    try:
        value = function(since=value_of(mark)) if takes_since else function()
    except Exception as error:  # anything may go wrong in code that is not ours
        raise failed(f'the function of the source "{name}"', function, error) from error
    known = state if mark is not None else None
    fit = continued(from_any(value, where).collect(), known, where)
    if fit is None:
        return call(source, name=name, state=None)
    frame, schema = fit
    rows = above(frame, source.watermark, mark) if source.watermark else frame
    kept = {"watermark": highest(rows, source.watermark, mark), "schema": schema}
    return Batch(rows, mark is not None, kept, [FileRead(where, digest_of([rows.height, str(rows.schema)]), 0, rows.height)])


def place_of(function: Any) -> str:
    """File and line of a function, for messages."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def failed(what: str, function: Any, error: Exception) -> DataError:
    """The error to raise for ``error`` out of a user's function: it names the last line of the user's file that ran."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    own = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    # a lazy frame fails after the function returned: then no line of it ran, and its beginning is the place
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else place_of(function)
    shown = f" at `{own[-1].line}`" if own and own[-1].line else ""
    told = str(error).partition("\n\nResolved plan until failure")[0].strip()
    return DataError(
        f"{what} raised {type(error).__name__}: {told}{shown}", where=where, hint="correct the function; NINEFOLD_TRACE=1 shows the whole trace"
    )
