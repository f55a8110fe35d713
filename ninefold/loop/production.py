"""What an endpoint answered and what came true, followed as it comes: each row is read once, days are added up once."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec
import polars as pl

from ninefold.clock import moment_of
from ninefold.endpoints.predictions import frame as answers_frame
from ninefold.errors import HeldError
from ninefold.features.rows import NEVER
from ninefold.loop.tail import Tail
from ninefold.project.learning import Learning
from ninefold.project.live.production import NEAR, outcomes_frame
from ninefold.project.steps.training import local_day
from ninefold.units import DAY

if TYPE_CHECKING:
    from ninefold.server.runtime import Runtime

_log = logging.getLogger("ninefold.loop")
KEPT = ["id", "q", "key", "version", "score", "decision", "scores", "decisions", "micros", "lead", "held", "together", "row"]
SPARE = 8 * DAY
_values = msgspec.json.Decoder(dict[str, Any])


class Production:
    """Answers and outcomes of an endpoint of the last ``span`` µs, in memory.

    ``rows`` has a line per answer with ``__day`` (local), ``told`` a line per key with its first outcome.
    """

    def __init__(self, runtime: "Runtime", endpoint: str, learning: Learning, span: int) -> None:
        self.runtime, self.endpoint, self.learning, self.span = runtime, endpoint, learning, span + SPARE
        self._answers = tail(runtime, f"predictions/{endpoint}", answers_frame, [*KEPT, "values"])
        self._outcomes = tail(runtime, f"outcomes/{endpoint}", outcomes_frame)
        self.rows = self._slim(answers_frame([]).with_columns(pl.lit(None, pl.Int32).alias("__day")))
        self.told = pl.DataFrame(schema={"key": pl.String, "value": pl.String, "told": pl.Int64})

    def follow(self, now: int) -> pl.DataFrame:
        """Take in what came since the last look; the new answers, with the values that they were computed from."""
        oldest = now - self.span
        came = self._answers.fresh()
        fresh = came.rows
        fresh = fresh.filter(pl.col("q").dt.timestamp("us") >= oldest)
        fresh = fresh.with_columns(local_day(fresh["q"].dt.timestamp("us"), self.learning.tz).alias("__day"))
        slim = self._slim(fresh)
        if came.anew:
            self.rows = slim
        elif slim.height:
            # rows that are too old go a week at a time, not at every look
            if self.rows.height and cast(datetime, self.rows["q"].min()) < moment_of(oldest - SPARE):
                self.rows = self.rows.filter(pl.col("q").dt.timestamp("us") >= oldest)
            self.rows = pl.concat([self.rows, slim])
        self._take_outcomes(oldest)
        return fresh

    def _slim(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows without their values, but with what today's practice said, where that is one of them."""
        practice = self.learning.problem.baseline
        if isinstance(practice, str) and practice in self.learning.inputs:
            rows = rows.with_columns(values_of(rows, {practice: pl.Float64()}))
        return rows.select(*KEPT, *rows.columns[rows.columns.index("__day") :])

    def _take_outcomes(self, oldest: int) -> None:
        came = self._outcomes.fresh()
        new = came.rows
        if came.anew:
            self.told = self.told.clear()
        if new.height:
            new = new.select(self.told.columns).filter((pl.col("told") < NEVER) & (pl.col("told") >= oldest))
            both = pl.concat([self.told.filter(pl.col("told") >= oldest - SPARE), new])
            # the first that was told counts
            self.told = both.sort("told", maintain_order=True).unique("key", keep="first", maintain_order=True)

    def labelled(self, now: int, after: int, *, first: int | None = None, last: int | None = None) -> pl.DataFrame:
        """The answers of the local days ``first`` to ``last`` (default: all) with ``__label`` and ``__state`` as of ``now``."""
        from ninefold.project.live.production import with_truth

        rows = self.rows.filter(pl.col("q").dt.timestamp("us") < now)
        if first is not None:
            rows = rows.filter(pl.col("__day") >= first)
        if last is not None:
            rows = rows.filter(pl.col("__day") <= last)
        return with_truth(self.learning, rows, self.told, now=now, after=after, home=self.runtime.home)

    @staticmethod
    def near(rows: pl.DataFrame) -> pl.DataFrame:
        """Those that were asked near their decision time."""
        return rows.filter(pl.col("lead").is_null() | (pl.col("lead").abs() <= NEAR))


def values_of(rows: pl.DataFrame, types: dict[str, Any]) -> pl.DataFrame:
    """The logged values of answers as columns; one that no longer fits its type counts as null."""
    told = [_values.decode(text) for text in rows["values"].to_list()]
    return pl.DataFrame([_column(name, [v.get(name) for v in told], dtype) for name, dtype in types.items()])


def _column(name: str, values: list[Any], dtype: Any) -> pl.Series:
    if dtype.is_temporal():
        return pl.Series(name, values, strict=False).cast(dtype, strict=False)
    return pl.Series(name, values, dtype=dtype, strict=False)


def tail(runtime: "Runtime", stream: str, decode: Callable[[list[bytes]], Any], columns: Sequence[str] | None = None) -> Tail:
    """A stream, followed."""
    kind, _, name = stream.partition("/")
    return Tail(runtime.home.stored(kind, name), runtime.home.journal(stream), decode, name=stream, columns=columns)


def roll(runtime: "Runtime", stream: str) -> None:
    """Move a journal into the lake; where another thread is at it, the next look finds the rows."""
    try:
        runtime.roll(stream)
    except HeldError as error:
        _log.info("%s is being moved already: %s", stream, error)
