"""From the choice to a bundle: evidence on rows that nobody has seen, then the same recipe on everything that is known."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ninefold.bundles.calibration import Calibration
from ninefold.bundles.decision import Decision
from ninefold.bundles.encoding import Encoder, Floats
from ninefold.bundles.pack import pack
from ninefold.bundles.predictors import open_predictor
from ninefold.bundles.scorer import Scorer, Scoring
from ninefold.ids import digest
from ninefold.models.calibrate import calibrate
from ninefold.models.choose import Chosen
from ninefold.models.contest import FittedCandidate, calibrated, fit_model
from ninefold.models.dataset import Dataset, Parts, Rows
from ninefold.models.fit import Fitted, encoded
from ninefold.models.objective import Objective, cost_columns, decision_of, losses, proper_losses

if TYPE_CHECKING:
    import polars as pl

GOLDEN = 32


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What the test span says. ``frame`` has a line per test row: ``row`` (of the training set), ``q``, ``day``, ``label``,
    ``score`` and ``decision`` of the winner, ``loss`` on the problem's costs, and for each candidate ``score.<name>`` and
    ``loss.<name>`` (log loss or squared error). ``digest`` is the evidence model's. ``calibration`` is the one of validate, which the
    scores have; ``newest`` is fitted on these same rows' scores, for the model that is deployed: a season older than the newest
    rows would speak through the other one.
    """

    frame: "pl.DataFrame"
    calibration: Calibration
    decision: Decision
    digest: str
    newest: Calibration


@dataclass(frozen=True, eq=False, slots=True)
class Finished:
    """A bundle and its evidence. ``report`` is JSON: choice, parameters, rows of each part, threshold, digests, trials."""

    folder: Path
    digest: str
    evidence: Evidence
    report: dict[str, Any]


def evidence(
    candidates: Sequence[FittedCandidate],
    declared: Mapping[str, Any],
    chosen: Chosen,
    data: Dataset,
    parts: Parts,
    objective: Objective,
    *,
    workers: int = 2,
) -> Evidence:
    """Refit every candidate on train and validate, with the parameters found, and score the test rows.

    Calibrations and the threshold are those of validate: test rows decide nothing.
    """
    import polars as pl

    rows, truth = parts.test, data.label[parts.test]

    def tested(candidate: FittedCandidate) -> tuple[Fitted, Calibration, Floats, Floats]:
        fitted = fit_model(candidate.name, declared.get(candidate.name), candidate.params, data, parts.refit, objective.seed)
        table, raw = calibrated(candidate, data, parts), fitted.open().raw(data, rows)
        return fitted, table, table(raw), raw

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="refit") as pool:
        results = dict(zip([c.name for c in candidates], pool.map(tested, candidates), strict=True))
    fitted, calibration, scores, raw = results[chosen.winner]
    winner = next(c for c in candidates if c.name == chosen.winner)
    decision = decision_of(objective, calibration(winner.raw), data.q[parts.validate])
    columns = cost_columns(objective, data, rows)
    decisions = decision.batch(scores, data.q[rows], columns)
    frame = pl.DataFrame(
        {
            "row": data.index[rows],
            "q": data.q[rows],
            "day": data.day[rows],
            "label": _labels(data, truth),
            "score": scores,
            "decision": decisions,
            "loss": losses(objective, truth, scores, decisions, columns),
            **{f"score.{name}": result[2] for name, result in results.items()},
            **{f"loss.{name}": proper_losses(objective, truth, result[2]) for name, result in results.items()},
        }
    )
    newest = calibrate(raw, truth) if data.kind == "binary" else Calibration()
    return Evidence(frame, calibration, decision, digest(encoded(fitted)), newest)


def _labels(data: Dataset, truth: Floats) -> Any:
    if data.kind == "multiclass":
        return [data.classes[int(v)] for v in truth]
    return truth.astype(bool) if data.kind == "binary" else truth


def refit_without(
    names: Sequence[str], candidate: FittedCandidate, declared: Mapping[str, Any], data: Dataset, parts: Parts, objective: Objective
) -> tuple[Floats, Floats]:
    """Scores and losses on the test rows of the winner's recipe without some inputs; its parameters stay, nothing is searched.

    The losses are those of ``loss.<name>`` in the evidence, in the same order: their difference is what the inputs give.
    """
    less = data.without(names)
    first = fit_model(candidate.name, declared.get(candidate.name), candidate.params, less, parts.train, objective.seed)
    again = msgspec.structs.replace(candidate, fitted=first, validate=first.open().raw(less, parts.validate).astype("<f8").tobytes())
    table = calibrated(again, less, parts)
    fitted = fit_model(candidate.name, declared.get(candidate.name), candidate.params, less, parts.refit, objective.seed)
    scores = table(fitted.open().raw(less, parts.test))
    return scores, proper_losses(objective, data.label[parts.test], scores)


def deploy(
    folder: Path,
    candidate: FittedCandidate,
    declared: Mapping[str, Any],
    proof: Evidence,
    data: Dataset,
    parts: Parts,
    objective: Objective,
    *,
    about: Mapping[str, Any] | None = None,
    features: list[Any] | None = None,
    request: dict[str, Any] | None = None,
    signer: Callable[[bytes], bytes] | None = None,
) -> str:
    """Refit the winner's recipe on everything known, keep the threshold, calibrate on the newest rows, write the bundle; its digest."""
    fitted = fit_model(candidate.name, declared.get(candidate.name), candidate.params, data, parts.everything, objective.seed)
    scorer = Scorer(
        Encoder(fitted.encoding),
        open_predictor(fitted.format, fitted.model, fitted.shape),
        fitted.shape,
        Scoring(proof.newest, proof.decision, data.classes),
    )
    said = {**(about or {}), "evidence": proof.digest, "candidate": candidate.name, "until": int(data.mature.max())}
    return pack(
        folder,
        kind=data.kind,
        format=fitted.format,
        model=fitted.model,
        scorer=scorer,
        golden=_golden(data, parts.everything),
        features=features,
        request=request,
        about=said,
        signer=signer,
    )


def _tested(frame: "pl.DataFrame", objective: Objective, chosen: Chosen) -> dict[str, dict[str, float]]:
    """Means of losses on the test rows by candidate; the problem's costs were measured for the winner alone."""
    proper = "squared_error" if objective.kind == "regression" else "log_loss"
    found: dict[str, dict[str, float]] = {}
    for column in frame.columns:
        if column.startswith("loss."):
            found[column[len("loss.") :]] = {proper: float(frame[column].mean())}  # type: ignore[arg-type]
    found[chosen.winner][objective.name.replace(" ", "_")] = float(frame["loss"].mean())  # type: ignore[arg-type]
    return found


def _golden(data: Dataset, rows: Rows) -> dict[str, Any]:
    some = rows[np.linspace(0, len(rows) - 1, min(GOLDEN, len(rows))).astype(np.int64)]
    return {name: [*_list(values), None] for name, values in data.columns(some).items()}


def _list(values: Any) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def finish(
    folder: Path,
    candidates: Sequence[FittedCandidate],
    declared: Mapping[str, Any],
    chosen: Chosen,
    data: Dataset,
    parts: Parts,
    objective: Objective,
    *,
    workers: int = 2,
    about: Mapping[str, Any] | None = None,
    features: list[Any] | None = None,
    request: dict[str, Any] | None = None,
    signer: Callable[[bytes], bytes] | None = None,
) -> Finished:
    """Evidence, then the bundle."""
    winner = next(c for c in candidates if c.name == chosen.winner)
    proof = evidence(candidates, declared, chosen, data, parts, objective, workers=workers)
    found = deploy(folder, winner, declared, proof, data, parts, objective, about=about, features=features, request=request, signer=signer)
    report = {
        "chosen": msgspec.to_builtins(chosen),
        "params": winner.params,
        "objective": msgspec.to_builtins(objective),
        "rows": {name: len(getattr(parts, name)) for name in ("train", "validate", "refit", "test", "everything")},
        "dropped": data.dropped,
        "decision": msgspec.to_builtins(proof.decision),
        "digests": {"evidence": proof.digest, "deployed": found},
        "trials": {c.name: msgspec.to_builtins(c.trials) for c in candidates if c.trials},
        "loss": objective.name,
        "tested": _tested(proof.frame, objective, chosen),
    }
    return Finished(folder, found, proof, report)
