"""The log of predictions: one record for each answer, with the values as served; and the same as a frame."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Prediction(msgspec.Struct):
    """One answer. Times in µs UTC: ``at`` by the machine's clock, ``q`` the decision time; ``lead`` is q less the problem's
    decision time (null where the question has none). ``key`` is the question's key as JSON. ``values`` are the columns that
    the model read, as served. ``scores`` and ``decisions`` are by version: every released version scores every question;
    ``version`` is the one whose answer was given. ``held``: answered but not to be acted on. ``together``: how many questions
    came in the same request; latency is judged on those that came alone. ``retry`` is for questions that came with a key: what the
    same key is answered again, as JSON of ``retries.Retry``.
    """

    id: str
    at: int
    q: int
    key: str
    row: dict[str, Any]
    values: dict[str, Any]
    score: Any
    decision: Any
    version: int
    variant: str
    scores: dict[str, Any]
    decisions: dict[str, Any]
    micros: int
    lead: int | None = None
    held: bool = False
    together: int = 1
    caller: str = ""
    retry: str = ""


def frame(payloads: Sequence[bytes]) -> Any:
    """Journal payloads as a polars frame. What differs from model to model stays JSON text: it is read when it is asked for.

    >>> frame([]).columns[:4]
    ['id', 'at', 'q', 'key']
    """
    import polars as pl

    schema = {
        "id": pl.String(),
        "at": pl.Datetime("us", "UTC"),
        "q": pl.Datetime("us", "UTC"),
        "key": pl.String(),
        "row": pl.String(),
        "values": pl.String(),
        "score": pl.Float64(),
        "decision": pl.Int64(),
        "version": pl.Int64(),
        "variant": pl.String(),
        "scores": pl.String(),
        "decisions": pl.String(),
        "micros": pl.Int64(),
        "lead": pl.Int64(),
        "held": pl.Boolean(),
        "together": pl.Int64(),
        "caller": pl.String(),
        "retry": pl.String(),
    }
    if not payloads:
        return pl.DataFrame(schema=schema)
    records = [_DECODER.decode(p) for p in payloads]
    columns = {
        name: [getattr(r, name) for r in records]
        for name in ("id", "at", "q", "key", "version", "variant", "micros", "lead", "held", "together", "caller", "retry")
    }
    encode = msgspec.json.encode
    columns |= {name: [encode(getattr(r, name)).decode() for r in records] for name in ("row", "values", "scores", "decisions")}
    # the score of several classes stays in scores; here the one number that metrics of two classes and of amounts read
    columns["score"] = [r.score if isinstance(r.score, (int, float)) else None for r in records]
    columns["decision"] = [r.decision if isinstance(r.decision, int) else None for r in records]
    raw = {n: pl.Int64() if isinstance(t, pl.Datetime) else t for n, t in schema.items()}
    made = pl.DataFrame({n: columns[n] for n in schema}, schema=raw)
    return made.with_columns(pl.col("at", "q").cast(pl.Datetime("us", "UTC")))


_DECODER = msgspec.json.Decoder(Prediction)
