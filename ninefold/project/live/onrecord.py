"""What a home already has of a stream that is replayed: nothing is sent twice, so that an interrupted replay goes on where it stopped."""

from typing import TYPE_CHECKING

import polars as pl

from ninefold.lake.roll import scan_both
from ninefold.project.home import Home
from ninefold.project.live.production import columns_of, predictions
from ninefold.tables.incoming import GIVEN, Incoming
from ninefold.tables.table import Table

if TYPE_CHECKING:
    from ninefold.project.learning import Learning


def sent(home: Home, name: str, table: Table) -> pl.DataFrame:
    """The updates of a table that its door took in, in the lake or still in the journal."""
    types = {c: str(t) for c, t in home.stored("tables", name).scan().collect_schema().items()}
    stream = f"updates/{name}"
    return scan_both(home.stored("updates", name), home.journal(stream), Incoming(name, table, types).frame, name=stream).collect()


def unsent(frame: pl.DataFrame, recorded: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The updates in ``frame`` (``__at``, the key, columns that are told together) that are not among the recorded ones, value for value.

    >>> import ninefold as nf
    >>> calls = nf.Table("db:calls", key="id")
    >>> came = pl.DataFrame({"id": [1], "paid": [True], "__given": [["paid"]]})
    >>> unsent(pl.DataFrame({"__at": [5, 6], "id": [1, 2], "paid": [True, None]}), came, calls).rows()
    [(6, 2, None)]
    """
    columns = [c for c in frame.columns if not c.startswith("__")]
    told = [pl.col(GIVEN).list.contains(c) for c in columns if c not in table.key]
    before = recorded.filter(pl.all_horizontal(told)) if told else recorded
    if before.is_empty():
        return frame
    same = before.select(pl.col(c).cast(frame.schema[c], strict=False) for c in columns)
    return frame.join(same, on=columns, how="anti", nulls_equal=True, maintain_order="left")


def unasked(home: Home, learning: "Learning", endpoint: str, questions: pl.DataFrame) -> pl.DataFrame:
    """The questions (``__q`` in µs, and the request's columns) that the endpoint has not answered: by decision time and key."""
    answered = predictions(home, endpoint)
    if answered.is_empty():
        return questions
    rows = columns_of(home, learning, answered.select("q", "row")).with_columns(pl.col("q").dt.timestamp("us").alias("__q"))
    on = ["__q", *(c for c in learning.table.key if c in questions.columns and c in rows.columns)]
    same = rows.select(pl.col(c).cast(questions.schema[c], strict=False) for c in on)
    return questions.join(same, on=on, how="anti", nulls_equal=True, maintain_order="left")
