"""What an endpoint answered and what came true, followed as it comes: each row is read once, days are added up once."""

import logging
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from ninefold.errors import HeldError
from ninefold.features.rows import NEVER
from ninefold.loop.tail import Tail
from ninefold.project.learning import Learning
from ninefold.project.production import NEAR
from ninefold.project.steps.training import local_day
from ninefold.units import DAY

if TYPE_CHECKING:
    from ninefold.server.runtime import Runtime

_log = logging.getLogger("ninefold.loop")
KEPT = ["id", "q", "key", "version", "score", "decision", "scores", "decisions", "micros", "lead", "together", "row"]
SPARE = 8 * DAY
_values = msgspec.json.Decoder(dict[str, Any])


class Production:
    """Answers and outcomes of an endpoint of the last ``span`` µs, in memory.

    ``rows`` has a line per answer with ``__day`` (local), ``told`` a line per key with its first outcome.
    """

    def __init__(self, runtime: "Runtime", endpoint: str, learning: Learning, span: int) -> None:
        self.runtime, self.endpoint, self.learning, self.span = runtime, endpoint, learning, span + SPARE
        home = runtime.home
        self._answers = Tail(home.stored("predictions", endpoint), [*KEPT, "values"])
        self._outcomes = Tail(home.stored("outcomes", endpoint))
        self.rows = pl.DataFrame()
        self.told = pl.DataFrame(schema={"key": pl.String, "value": pl.String, "told": pl.Int64})

    def follow(self, now: int) -> pl.DataFrame:
        """Take in what came since the last look; the new answers, with the values that they were computed from."""
        roll(self.runtime, f"predictions/{self.endpoint}")
        roll(self.runtime, f"outcomes/{self.endpoint}")
        oldest = now - self.span
        came = self._answers.fresh()
        fresh = came.rows
        if came.anew:
            self.rows = pl.DataFrame()
        if fresh.width:
            fresh = fresh.filter(pl.col("q").dt.timestamp("us") >= oldest)
            fresh = fresh.with_columns(local_day(fresh["q"].dt.timestamp("us"), self.learning.tz).alias("__day"))
            slim = fresh.drop("values")
            self.rows = pl.concat([self.rows, slim]) if self.rows.width else slim
            if self.rows.height and int(self.rows["q"].dt.timestamp("us").min() or 0) < oldest - SPARE:  # type: ignore[arg-type]
                self.rows = self.rows.filter(pl.col("q").dt.timestamp("us") >= oldest)
        self._take_outcomes(oldest)
        return fresh

    def _take_outcomes(self, oldest: int) -> None:
        came = self._outcomes.fresh()
        new = came.rows
        if came.anew:
            self.told = self.told.clear()
        if new.width and new.height:
            new = new.select(self.told.columns).filter((pl.col("told") < NEVER) & (pl.col("told") >= oldest))
            both = pl.concat([self.told.filter(pl.col("told") >= oldest - SPARE), new])
            # the first that was told counts
            self.told = both.sort("told", maintain_order=True).unique("key", keep="first", maintain_order=True)

    def labelled(self, now: int, after: int, *, first: int | None = None, last: int | None = None) -> pl.DataFrame:
        """The answers of the local days ``first`` to ``last`` (default: all) with ``__label`` and ``__state`` as of ``now``."""
        from ninefold.project.production import with_truth

        if not self.rows.width:
            return self.rows
        rows = self.rows.filter(pl.col("q").dt.timestamp("us") < now)
        if first is not None:
            rows = rows.filter(pl.col("__day") >= first)
        if last is not None:
            rows = rows.filter(pl.col("__day") <= last)
        return with_truth(self.learning, rows, self.told, now=now, after=after)

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


def roll(runtime: "Runtime", stream: str) -> None:
    """Move a journal into the lake; where another thread is at it, the next look finds the rows."""
    try:
        runtime.roll(stream)
    except HeldError as error:
        _log.info("%s is being moved already: %s", stream, error)
