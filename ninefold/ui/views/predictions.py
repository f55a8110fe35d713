"""Predictions: the newest answers of every endpoint, and one of them with all that is known about why."""

from typing import Any

import msgspec

from ninefold.endpoints.records import history
from ninefold.errors import NotFoundError
from ninefold.ui.reading import Reading
from ninefold.ui.views.endpoints import PredictionLine, answers, endpoint, key_text


class Answered(msgspec.Struct):
    """An endpoint's newest answers."""

    endpoint: str
    path: str
    answers: int
    latest: list[PredictionLine]


class PredictionsPage(msgspec.Struct):
    """The newest answers of every endpoint."""

    endpoints: list[Answered]


class Served(msgspec.Struct):
    """A value as the model read it. ``group`` is the group of features that it belongs to, with its page."""

    name: str
    group: str | None
    path: str | None
    value: Any


class Scored(msgspec.Struct):
    """What one version said; ``given``: its answer was the one that was given."""

    version: int
    path: str
    score: Any
    decision: Any
    given: bool


class PredictionPage(msgspec.Struct):
    """One answer. Times in µs: ``q`` the decision time, ``at`` the machine's clock, ``lead`` q less the problem's decision time.

    ``outcome`` is the truth if it was told, at ``told``. ``decisions`` is what was done about it. ``release`` says since when
    the version answered and why it was let in; ``reason`` why it won.
    """

    id: str
    endpoint: str
    endpoint_path: str
    model: str | None
    version: int
    version_path: str | None
    q: int
    at: int
    key: str
    row: dict[str, Any]
    values: list[Served]
    score: Any
    decision: Any
    threshold: float | None
    scores: list[Scored]
    variant: str
    micros: int
    lead: int | None
    held: bool
    replayed: bool
    caller: str
    outcome: Any
    told: int | None
    decisions: list[dict[str, Any]]
    release: dict[str, Any] | None
    reason: str | None


def predictions(reading: Reading) -> PredictionsPage:
    """The newest answers."""
    found = []
    for name in reading.of("endpoint"):
        page = endpoint(reading, name)
        found.append(Answered(name, page.thing.path, page.answers, page.latest))
    return PredictionsPage(found)


def prediction(reading: Reading, name: str) -> PredictionPage:
    """One answer by its id. Raises NotFoundError."""
    import polars as pl

    for end in reading.of("endpoint"):
        log = answers(reading, end)
        rows = log.filter(pl.col("id") == name).head(1).collect() if log is not None else None
        if rows is not None and rows.height:
            row = rows.with_columns(pl.col("q", "at").dt.timestamp("us")).row(0, named=True)
            return _page(reading, end, row)
    raise NotFoundError(f"there is no prediction {name[:60]}", hint="its id is in the answer that was given")


def _page(reading: Reading, end: str, row: dict[str, Any]) -> PredictionPage:
    decode = msgspec.json.decode
    releases = history(reading.home.ledger, reading.project, end)
    release = next((r for r in releases if r.version == row["version"] and r.started <= row["q"]), None) or next((r for r in releases if r.version == row["version"]), None)
    model = release.model if release else None
    made = reading.last("model.version", "model", model, row["version"]) if model else None
    report = reading.blob(made.body["report"]) if made else {}
    outcome, told = _outcome(reading, end, row["key"])
    scores, decisions = decode(row["scores"]), decode(row["decisions"])
    told_release = {"kind": release.kind, "share": release.share, "state": release.state, "started": release.started, "gate": release.body.get("gate", [])} if release else None
    return PredictionPage(
        row["id"], end, f"/endpoints/{end}", model, row["version"], f"/models/{model}/{row['version']}" if model else None, row["q"], row["at"], key_text(row["key"]),
        decode(row["row"]), _values(reading, decode(row["values"])), row["score"], row["decision"], (report.get("decision") or {}).get("threshold"),
        [Scored(int(v), f"/models/{model}/{v}", s, decisions.get(v), int(v) == row["version"]) for v, s in scores.items()], row["variant"], row["micros"],
        row["lead"], row["held"], row["replayed"], row["caller"], outcome, told, _done(reading, end, row["id"]), told_release, made.body["reason"] if made else None,
    )


def _values(reading: Reading, values: dict[str, Any]) -> list[Served]:
    groups = reading.of("features")
    found = []
    for name, value in values.items():
        group = name.rpartition(".")[0]
        found.append(Served(name, group if group in groups else None, f"/features/{group}" if group in groups else None, value))
    return found


def _outcome(reading: Reading, end: str, key: str) -> tuple[Any, int | None]:
    import polars as pl

    from ninefold.lake.roll import scan_both
    from ninefold.project.production import outcomes_frame

    stored, folder = reading.home.stored("outcomes", end), reading.home.journal(f"outcomes/{end}")
    if not stored.exists and not folder.is_dir():
        return None, None
    rows = scan_both(stored, folder, outcomes_frame, name=f"outcomes/{end}").filter(pl.col("key") == key).sort("told").head(1).collect()
    return (msgspec.json.decode(rows["value"][0]), int(rows["told"][0])) if rows.height else (None, None)


def _done(reading: Reading, end: str, name: str) -> list[dict[str, Any]]:
    """What was done about it, from the journal of decisions (they are moved into the lake with the others)."""
    from ninefold.journal import read

    folder = reading.home.journal(f"decisions/{end}")
    if not folder.is_dir():
        return []
    rows = (msgspec.json.decode(r.payload) for r in read(folder))
    return [r for r in rows if r.get("prediction") == name][:20]
