"""Online against batch: are the feature values that were served those that a training set would have?"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.live.production import columns_of, predictions
from ninefold.project.reading.graph import Graph
from ninefold.project.views import view

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Compared:
    """How many served values were compared, how many differ, and some of those that do."""

    questions: int
    values: int
    unequal: int
    examples: list[dict[str, Any]] = field(default_factory=list)


def online_with_batch(graph: Graph, home: Home, endpoint: str, *, since: int | None = None, until: int | None = None) -> Compared:
    """Compare every looked-up and computed value in the log of an endpoint with the batch kernel's, null equal to null.

    Floats are equal within 1e-9, relative for large ones. Bare columns are passed through and not counted.
    """
    import polars as pl

    learning = Learning.of(graph, graph.resolve(graph.things[endpoint].model, ("model",))[0])  # type: ignore[attr-defined]
    rows = predictions(home, endpoint, since=since, until=until)
    names = [n for n in learning.inputs if n not in learning.bare]
    if not rows.height or not names:
        return Compared(rows.height, 0, 0)
    questions = _asked(home, learning, rows)
    views = {t: view(home, t, graph.things[t]).collect() for _, _, t in learning.groups if t is not None}  # type: ignore[arg-type]
    batch = learning.frame(questions, views, graph)
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    served = [decode(text) for text in rows["values"].to_list()]
    unequal = 0
    examples: list[dict[str, Any]] = []
    for name in names:
        online = pl.Series(name, [values.get(name) for values in served], strict=False)
        different = _different(online, batch[name])
        unequal += int(different.sum())
        shown = different.arg_true().to_list()[: 5 - len(examples)]
        examples += [{"prediction": rows["id"][p], "feature": name, "online": online[p], "batch": batch[name][p]} for p in shown]
    return Compared(rows.height, len(names) * rows.height, unequal, examples)


def _asked(home: Home, learning: Learning, rows: Any) -> Any:
    """The questions of logged predictions, with the types of the asked table."""
    asked = columns_of(home, learning, rows.select("row"))
    return asked.with_columns(rows["q"].dt.timestamp("us").alias("__q"))


def _different(online: Any, batch: Any) -> Any:
    import polars as pl

    frame = pl.DataFrame({"online": online, "batch": batch})
    if batch.dtype.is_numeric():
        frame = frame.cast({"online": pl.Float64, "batch": pl.Float64})
        far = (pl.col("online") - pl.col("batch")).abs() > TOLERANCE * pl.max_horizontal(pl.lit(1.0), pl.col("batch").abs())
        return frame.select((pl.col("online").is_null() != pl.col("batch").is_null()) | far.fill_null(False)).to_series()
    return frame.cast({"online": batch.dtype}).select(pl.col("online").ne_missing(pl.col("batch"))).to_series()
