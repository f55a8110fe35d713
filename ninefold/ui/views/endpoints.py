"""An endpoint: its releases on a line of time, how much it answers and how fast, and what it answered last."""

from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.endpoints.records import Release, history
from ninefold.ui.reading import Reading
from ninefold.ui.views.thing import ThingPart, thing_part
from ninefold.units import DAY

if TYPE_CHECKING:
    import polars as pl

LATEST = 12
TRIED = 120  # looks at versions that were tried
APART = DAY


class ReleaseLine(msgspec.Struct):
    """A release: times by the clock of whoever decided (µs); ``since`` is by the clock of the questions, a replay's in a replay.
    ``gate`` is what was weighed before.
    """

    version: int
    model: str
    path: str
    kind: str
    share: float
    state: str
    started: int
    since: int
    ended: int | None
    reason: str
    gate: list[str]


class DayLine(msgspec.Struct):
    """One day of answers, by decision time: how many, and the median and 99th percentile of the time to answer (µs)."""

    day: int
    answers: int
    p50: float | None
    p99: float | None


class PredictionLine(msgspec.Struct):
    """An answer in a list. ``replayed``: asked by a replay; ``q`` its decision time (µs)."""

    id: str
    path: str
    q: int
    key: str
    score: float | None
    decision: int | None
    version: int
    replayed: bool


class CanaryLook(msgspec.Struct):
    """One look at a version that is being tried: the paired difference to the champion, by day, and what was decided."""

    seq: int
    at: int
    version: int
    decision: str
    effect: float | None
    low: float | None
    high: float | None
    days: int
    text: str


class Tried(msgspec.Struct):
    """A version that was tried beside the champion: the looks at it, the newest first."""

    version: int
    looks: list[CanaryLook]


class EndpointPage(msgspec.Struct):
    """The page of an endpoint. ``days`` and ``latest`` are of its log; ``answers`` counts all of it."""

    thing: ThingPart
    releases: list[ReleaseLine]
    trials: list[Tried]
    clock: int
    answers: int
    replayed: int
    days: list[DayLine]
    latest: list[PredictionLine]


class _Log(msgspec.Struct):
    answers: int = 0
    replayed: int = 0
    days: list[DayLine] = []
    latest: list[PredictionLine] = []


def endpoint(reading: Reading, name: str) -> EndpointPage:
    """The page of an endpoint."""
    part = thing_part(reading, "endpoint", name)
    first = min((f.body["from"] for f in reading.about("endpoint", name, kinds=["replay.started"], limit=20)), default=None)
    releases = [_release(r, first, reading.clock) for r in history(reading.home.ledger, reading.project, name)]
    log = reading.lasting(("log", name), stamp(reading, name), lambda: _log(reading, name))
    return EndpointPage(part, releases, _trials(reading, name), reading.clock, log.answers, log.replayed, log.days, log.latest)


def _trials(reading: Reading, name: str) -> list[Tried]:
    found: dict[str, Tried] = {}
    for fact in reading.about("endpoint", name, kinds=["canary.judged"], limit=TRIED):
        b = fact.body
        found.setdefault(str(b.get("release", b["version"])), Tried(b["version"], [])).looks.append(
            CanaryLook(
                fact.seq,
                b.get("when", fact.at),
                b["version"],
                b["decision"],
                b.get("effect"),
                b.get("low"),
                b.get("high"),
                b.get("days", 0),
                b.get("text", ""),
            )
        )
    return list(found.values())


def _release(r: Release, first: int | None, clock: int) -> ReleaseLine:
    # what was released before a replay began answers from its first day on, whatever the machine's clock said
    since = first if first is not None and r.started > clock else r.started
    return ReleaseLine(
        r.version,
        r.model,
        f"/models/{r.model}/{r.version}",
        r.kind,
        r.share,
        r.state,
        r.started,
        since,
        r.ended,
        r.body.get("reason", ""),
        r.body.get("gate", []),
    )


def stamp(reading: Reading, name: str) -> tuple[Any, ...]:
    """What changes when answers are added: the newest commit of the log in the lake, and the bytes of its journal."""
    stored = reading.home.stored("predictions", name)
    folder = reading.home.journal(f"predictions/{name}")
    files = sorted((f.name, f.stat().st_size // 65536) for f in folder.iterdir() if f.is_file()) if folder.is_dir() else []
    return (stored.version, tuple(files))


def answers(reading: Reading, name: str) -> "pl.LazyFrame | None":
    """The log of an endpoint, the newest answers included; None where there is none."""
    from ninefold.endpoints.predictions import frame
    from ninefold.lake.roll import scan_both

    stored, folder = reading.home.stored("predictions", name), reading.home.journal(f"predictions/{name}")
    if not stored.exists and not folder.is_dir():
        return None
    return scan_both(stored, folder, frame, name=f"predictions/{name}")


def _log(reading: Reading, name: str) -> _Log:
    import polars as pl

    found = answers(reading, name)
    if found is None:
        return _Log()
    rows = found.select("id", "at", "q", "key", "score", "decision", "version", "micros", "together").collect()
    if not rows.height:
        return _Log()
    day = pl.col("q").dt.convert_time_zone(reading.tz or "UTC").dt.date().cast(pl.Int64)
    # as latency is judged: on questions that came alone
    taken = pl.col("micros").filter((pl.col("micros") > 0) & (pl.col("together") == 1))
    by_day = rows.group_by(day.alias("day")).agg(pl.len(), taken.median().alias("p50"), taken.quantile(0.99).alias("p99")).sort("day")
    latest = rows.with_columns(pl.col("q", "at").dt.timestamp("us")).sort("q", "id").tail(LATEST).reverse()
    lines = [prediction_line(row) for row in latest.iter_rows(named=True)]
    return _Log(
        rows.height,
        int(((rows["at"] - rows["q"]).dt.total_microseconds().abs() > APART).sum()),
        [DayLine(d * DAY, n, a, b) for d, n, a, b in by_day.iter_rows()],
        lines,
    )


def prediction_line(row: dict[str, Any]) -> PredictionLine:
    """A row of the log in a list; ``q`` in µs."""
    return PredictionLine(
        row["id"],
        f"/predictions/{row['id']}",
        row["q"],
        key_text(row["key"]),
        row["score"],
        row["decision"],
        row["version"],
        replayed(row["q"], row["at"]),
    )


def replayed(q: int, at: int) -> bool:
    """Whether a question was asked by a replay: its decision time lies far from the machine's clock."""
    return abs(at - q) > APART


def key_text(key: str) -> str:
    """A question's key, of its JSON.

    >>> key_text('["UA1545-EWR"]'), key_text('"x"')
    ('UA1545-EWR', 'x')
    """
    try:
        found = msgspec.json.decode(key)
    except msgspec.DecodeError:
        return key
    return ", ".join(str(v) for v in found) if isinstance(found, list) else str(found)
