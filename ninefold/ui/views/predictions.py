"""Predictions: the newest answers of every endpoint, and one of them with everything behind it."""

from typing import Any

import msgspec

from ninefold.bundles.manifest import verified
from ninefold.clock import iso
from ninefold.endpoints.predictions import Prediction
from ninefold.errors import NotYetError
from ninefold.models.records import Version, version
from ninefold.project.explaining.behind import Value, bare_value, says
from ninefold.project.explaining.why import Origin, code_of, origin_of, personal, release_of, why_prediction
from ninefold.project.live.answers import acts, find, outcome
from ninefold.ui.reading import Reading
from ninefold.ui.views.endpoints import PredictionLine, endpoint, key_text, replayed


class Answered(msgspec.Struct):
    """An endpoint's newest answers."""

    endpoint: str
    path: str
    answers: int
    latest: list[PredictionLine]


class PredictionsPage(msgspec.Struct):
    """The newest answers of every endpoint."""

    endpoints: list[Answered]


class PredictionQuery(msgspec.Struct):
    """``rows``: also the rows of the lake behind each value, which takes seconds."""

    rows: bool = False


class Scored(msgspec.Struct):
    """What one version said; ``given``: its answer was the one that was given."""

    version: int
    path: str
    score: Any
    decision: Any
    given: bool


class PredictionPage(msgspec.Struct):
    """One answer. Times in µs: ``q`` the decision time, ``at`` the machine's clock, ``told`` when the outcome was told.

    ``values`` are what the model read, as served; with ``rows`` also the rows behind each, and in ``adds`` what each added to
    the score before the link. ``groups`` gives the page of each
    value's group of features. ``acts`` is what was done about it, ``release`` the fact that let the version in, ``origin``
    where the version comes from, ``code`` the frozen files that ran.
    """

    id: str
    endpoint: str
    endpoint_path: str
    version_path: str
    q: int
    at: int
    key: str
    question: dict[str, Any]
    score: Any
    decision: Any
    threshold: float | None
    scores: list[Scored]
    variant: str
    micros: int
    held: bool
    replayed: bool
    caller: str
    told: int | None
    outcome: Any
    acts: list[dict[str, Any]]
    values: list[Value]
    groups: dict[str, str]
    adds: dict[str, float]
    rows: bool
    release: dict[str, Any]
    released: int | None
    origin: Origin
    code: dict[str, Any]


def predictions(reading: Reading) -> PredictionsPage:
    """The newest answers."""
    found = []
    for name in reading.of("endpoint"):
        page = endpoint(reading, name)
        found.append(Answered(name, page.thing.path, page.answers, page.latest))
    return PredictionsPage(found)


def prediction(reading: Reading, name: str, query: PredictionQuery) -> PredictionPage:
    """One answer by its id. Raises NotFoundError."""
    home = reading.home
    end, one = find(home, name)
    release = release_of(home, end, one.version, one.at)
    made = version(home.ledger, home.project, release.body["model"], one.version)
    kept = reading.lasting(("bundle", made.digest), None, lambda: verified(home.path("bundles", made.bundle), made.digest)[1])
    request = msgspec.json.decode(kept["request.json"])
    unseen = personal(home).get(request.get("asked", ""), [])
    values = why_prediction(home, name).values if query.rows else _values(reading, made, kept, one, unseen)
    told = outcome(home, end, one.key)
    groups = {v.name: f"/features/{g}" for v in values if (g := v.name.rpartition(".")[0]) in reading.of("features")}
    decision = msgspec.json.decode(kept["scoring.json"]).get("decision", {})
    return PredictionPage(
        one.id,
        end,
        f"/endpoints/{end}",
        f"/models/{made.model}/{made.version}",
        one.q,
        one.at,
        key_text(one.key),
        {c: _shown(v, request["columns"].get(c, ""), reading.tz) for c, v in one.row.items() if c not in unseen},
        one.score,
        one.decision,
        decision.get("threshold"),
        [Scored(int(v), f"/models/{made.model}/{v}", s, one.decisions.get(v), int(v) == one.version) for v, s in one.scores.items()],
        one.variant,
        one.micros,
        one.held,
        replayed(one.q, one.at),
        one.caller,
        told["told"] if told else None,
        told["value"] if told else None,
        acts(home, end, name),
        values,
        groups,
        _adds(reading, made, one) if query.rows else {},
        query.rows,
        release.body,
        release.seq,
        reading.kept(("origin", made.digest), lambda: origin_of(home, made)),
        code_of(home, release.body.get("frozen", "")),
    )


def _values(reading: Reading, made: Version, kept: Any, one: Prediction, unseen: list[str]) -> list[Value]:
    """The values as served, each in words, without the rows behind them."""
    told = reading.lasting(("says", made.digest), None, lambda: _says(kept))
    return [Value(n, value, told[n]) if n in told else bare_value(n, value, n in unseen) for n, value in one.values.items()]


def _adds(reading: Reading, made: Version, one: Prediction) -> dict[str, float]:
    from ninefold.bundles.load import load

    bundle = reading.lasting(("loaded", made.digest), None, lambda: load(reading.home.path("bundles", made.bundle), digest=made.digest))
    try:
        return dict(bundle.explain({c.name: [one.values.get(c.name)] for c in bundle.schema})[0])
    except NotYetError:  # a form of model whose parts cannot be told
        return {}


def _says(kept: Any) -> dict[str, str]:
    from ninefold.features.spec import GroupSpec, features_of

    found: dict[str, str] = {}
    for spec in msgspec.json.decode(kept["features.json"], type=list[GroupSpec]):
        group = features_of(spec)
        table = spec.table.name if spec.table is not None else ""
        found |= {f"{spec.name}.{f}": says(a, group, table) for f, a in group.aggregates}
        found |= {f"{spec.name}.{n}": f"computed: {e}" for n, e in group.expressions}
    return found


def _shown(value: Any, kind: str, tz: str | None) -> Any:
    return iso(value, tz) if kind.startswith("Datetime") and isinstance(value, int) else value
