"""A model's version: the competition, why the winner won, and its evidence."""

from typing import Any

import msgspec

from ninefold.endpoints.records import current
from ninefold.errors import NotFoundError
from ninefold.models.records import Version, versions
from ninefold.models.registry import RegisteredVersion, records
from ninefold.project.policy import in_force_before
from ninefold.secret import without_password
from ninefold.ui.reading import Reading
from ninefold.ui.views.standing import CriterionLine, criterion_line, judgement
from ninefold.ui.views.thing import ThingPart, path_to, thing_part
from ninefold.units import DAY

VERSIONS = 200  # in the list of a model's page


class Trial(msgspec.Struct):
    """One trial of a search; ``loss`` None where it failed."""

    loss: float | None
    params: dict[str, Any]
    error: str = ""


class Candidate(msgspec.Struct):
    """A candidate. ``worse`` is its paired difference to the best, ``error`` that difference's standard error by day."""

    name: str
    loss: float | None
    worse: float | None
    error: float | None
    won: bool
    params: dict[str, Any]
    format: str
    size: int | None
    failed: str
    trials: list[Trial]


class Part(msgspec.Struct):
    """A part of the split: rows, and from when to when (µs; None where it is not by time)."""

    name: str
    rows: int
    start: int | None
    end: int | None


class Made(msgspec.Struct):
    """A version in the list. ``answers`` names the endpoints that it answers on. ``source``, ``run``, ``logged``, ``by`` and ``tags`` tell of one
    that a client registered; it has no ``winner``, and a ``digest`` once an endpoint asked for it.
    """

    version: int
    path: str
    at: int
    winner: str
    reason: str
    answers: list[str]
    digest: str
    own: bool
    aliases: list[str]
    stage: str
    description: str
    source: str
    run: str | None
    logged: str | None
    by: str
    tags: dict[str, str]


class Evidence(msgspec.Struct):
    """A version with its evidence. ``decision`` says how scores become decisions; ``bins`` are calibration on the test span:
    mean score, share that came true, rows.
    """

    version: int
    at: int
    as_of: int | None
    winner: str
    reason: str
    bundle: str
    candidates: list[Candidate]
    unit: str
    parts: list[Part]
    dropped: int
    decision: dict[str, Any]
    criteria: list[CriterionLine]
    judged: int | None
    bins: list[tuple[float, float, int]]


class ModelPage(msgspec.Struct):
    """The page of a model, or of one version. ``registered`` is the version, where a client registered it."""

    thing: ThingPart
    versions: list[Made]
    evidence: Evidence | None
    registered: Made | None


def model(reading: Reading, name: str, version: str | None = None) -> ModelPage:
    """The page of a model: its newest version, or the one asked for. Raises NotFoundError."""
    part = thing_part(reading, "model", name)
    ledger, project = reading.home.ledger, reading.project
    found = records.of(ledger, project, name, limit=VERSIONS)
    asked = found[:1] if version is None else records.versions(ledger, project, [(name, _number(version))])
    if version is not None and not asked:
        have = ", ".join(str(v.version) for v in found[:10])
        raise NotFoundError(f"the model {name} has no version {version[:60]}", hint=f"it has {have or 'none yet'}")
    answering, own = _answering(reading, name), {v.version: v for v in versions(ledger, project, name)}
    listed = [_made(v, own.get(v.version), answering.get(v.version, [])) for v in found]
    if not asked:
        return ModelPage(part, listed, None, None)
    made = own.get(asked[0].version)
    if not asked[0].own:
        return ModelPage(part, listed, None, _made(asked[0], made, answering.get(asked[0].version, [])))
    if made is None or "report" not in made.body:
        return ModelPage(part, listed, None, None)
    return ModelPage(part, listed, reading.kept(("evidence", name, made.version), lambda: _evidence(reading, made)), None)


def _number(version: str) -> int:
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 and version[0] != "0" else 0


def _answering(reading: Reading, name: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for endpoint in reading.of("endpoint"):
        for release in current(reading.home.ledger, reading.project, endpoint):
            if release.model == name:
                found.setdefault(release.version, []).append(f"{endpoint} ({release.state})")
    return found


def _made(v: RegisteredVersion, made: Version | None, answers: list[str]) -> Made:
    body = made.body if made is not None and v.own else {}
    return Made(
        v.version,
        f"{path_to('model', v.name)}/{v.version}",
        v.created,
        body.get("winner", ""),
        body.get("reason", ""),
        answers,
        v.bundle or "",
        v.own,
        v.aliases,
        "" if v.stage == "None" else v.stage,
        v.description,
        "" if v.own else without_password(v.source),
        v.run,
        v.model,
        v.actor,
        v.tags,
    )


def _evidence(reading: Reading, made: Version) -> Evidence:
    report = reading.blob(made.body["report"])
    judged = reading.last("model.judged", "model", made.model, made.version)
    criteria = [criterion_line(b, None, judgement(b, judged)) for b in judged.body["criteria"]] if judged else []
    objective = report.get("objective", {})
    return Evidence(
        made.version,
        made.at,
        made.body.get("as_of"),
        made.body["winner"],
        made.body["reason"],
        made.digest,
        [_candidate(c, report) for c in report["chosen"]["table"]],
        "cost" if objective.get("miss") is not None or objective.get("under") is not None else "loss",
        _parts(reading, made, report),
        report.get("dropped", 0),
        report.get("decision") or {},
        criteria,
        judged.seq if judged else None,
        reading.lasting(("bins", made.model, made.version), made.digest, lambda: _calibration(reading, made)),
    )


def _candidate(body: dict[str, Any], report: dict[str, Any]) -> Candidate:
    trials = [Trial(t.get("loss"), t.get("params", {}), t.get("error") or "") for t in report.get("trials", {}).get(body["name"], [])]
    return Candidate(
        body["name"],
        body["loss"] if not body["failed"] else None,
        body["worse"],
        body["error"],
        body["name"] == report["chosen"]["winner"],
        body["params"],
        body["format"],
        body["size"],
        body["failed"],
        trials,
    )


def _parts(reading: Reading, made: Version, report: dict[str, Any]) -> list[Part]:
    """The parts of the split in time: the test span ends where the questions end, validate where test begins."""
    rows, end, start = report["rows"], made.body.get("to"), made.body.get("from")
    judged = reading.last("model.judged", "model", made.model, made.version)
    told = reading.last("model.version", "model", made.model, made.version)
    # by the split under which it was made, whatever is in force now
    policy = in_force_before(reading.home, judged.body["problem"], told.seq) if judged and told else None
    split = (policy.body["policy"]["splits"].get(made.model, {}) if policy else {}) or {}
    names = [n for n in ("train", "validate", "test") if n in rows]
    if split.get("kind") != "time" or end is None or start is None:
        return [Part(n, rows[n], None, None) for n in names]
    test = end - int(split.get("test") or 0)
    validate = test - int(split.get("validate") or 0)
    edges = {"train": (start, validate), "validate": (validate, test), "test": (test, end)}
    return [Part(n, rows[n], *edges[n]) for n in names if edges[n][1] - edges[n][0] > DAY / 24]


def _calibration(reading: Reading, made: Version) -> list[tuple[float, float, int]]:
    """Ten bins of equal size by score: what was promised, what came true. Empty where the target is not yes or no."""
    import polars as pl

    stored = reading.home.stored("evidence", made.model)
    if made.body.get("evidence") is None or not stored.exists:
        return []
    frame = stored.scan(made.body["evidence"]).select("label", "score").collect()
    if frame.schema["label"] != pl.Boolean or not frame.schema["score"].is_numeric() or frame.height < 100:
        return []
    ranked = frame.sort("score").with_row_index("__i").with_columns((pl.col("__i") * 10 // frame.height).alias("__bin"))
    bins = ranked.group_by("__bin").agg(pl.col("score").mean(), pl.col("label").mean(), pl.len()).sort("__bin")
    return [(float(s), float(t), int(n)) for _, s, t, n in bins.iter_rows()]
