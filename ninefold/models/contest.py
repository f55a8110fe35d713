"""One candidate in the competition: searched and fitted on train, asked on validate."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from ninefold.bundles.calibration import Calibration
from ninefold.bundles.encoding import Floats
from ninefold.engine.code import value_part
from ninefold.engine.values import Uncacheable
from ninefold.ids import digest_of
from ninefold.models.bundled import existing_model, learned_before
from ninefold.models.calibrate import calibrate, crossed
from ninefold.models.candidate import Existing, On, Tuned, unwrapped
from ninefold.models.confined import confined, limited
from ninefold.models.dataset import Dataset, Parts, Rows
from ninefold.models.fit import Fitted, fit_recipe
from ninefold.models.objective import Objective, cost_columns, decision_of, losses
from ninefold.models.search import Trial, search


class FittedCandidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A candidate fitted on train: the parameters found, the model, its raw scores and losses on validate, every trial.

    ``validate`` and ``loss`` are 64-bit floats, little-endian, in the order of the rows; ``mean`` is the loss's mean.
    """

    name: str
    params: dict[str, Any]
    fitted: Fitted
    validate: bytes
    loss: bytes
    mean: float
    trials: list[Trial] = []

    @property
    def raw(self) -> Floats:
        """Raw scores on validate."""
        scores = np.frombuffer(self.validate, "<f8")
        return scores if self.fitted.shape.outputs == 1 else scores.reshape(-1, self.fitted.shape.outputs)

    @property
    def losses(self) -> Floats:
        """The loss of each row of validate."""
        return np.frombuffer(self.loss, "<f8")


def fit_candidate(
    name: str,
    candidate: Any,
    data: Dataset,
    parts: Parts,
    objective: Objective,
    folder: Path | None = None,
    *,
    workers: int = 2,
    on_trial: Callable[[int, Trial], None] | None = None,
) -> FittedCandidate:
    """Fit a candidate on train (a :func:`ninefold.tune` one after its search) and ask it on validate.

    ``candidate`` None is the constant model. ``folder`` keeps the search's journal, so that a search that was stopped goes on.
    Raises DataError where it cannot be fitted or exported.
    """
    if limited(candidate):
        return confined(name, candidate, FittedCandidate, fit_candidate, name, candidate, data, parts, objective, folder)
    inner = candidate.candidate if isinstance(candidate, On) else candidate
    if isinstance(inner, Existing):
        learned_before(inner, data, parts.validate)
    kept = _Best()

    def evaluate(params: dict[str, Any]) -> float:
        fitted = fit_model(name, candidate, params, data, parts.train, objective.seed)
        raw = fitted.open().raw(data, parts.validate)
        loss = validation_losses(objective, data, parts.validate, raw)
        kept.offer(digest_of(params), (float(loss.mean()), fitted, raw, loss))
        return float(loss.mean())

    params: dict[str, Any] = {}
    trials: list[Trial] = []
    if isinstance(inner, Tuned):
        key = _study(name, inner, data, parts, objective) if folder is not None else None
        journal = folder / f"{name}.journal" if folder is not None and key is not None else None
        params, trials = search(inner, evaluate, seed=objective.seed, key=key or name, journal=journal, workers=workers, on_trial=on_trial)
    if digest_of(params) not in kept.made:
        kept.made.clear()
        evaluate(params)
    mean, fitted, raw, loss = kept.made[digest_of(params)]
    return FittedCandidate(name, params, fitted, raw.astype("<f8").tobytes(), loss.astype("<f8").tobytes(), mean, trials)


def _study(name: str, tuned: Tuned, data: Dataset, parts: Parts, objective: Objective) -> str | None:
    """What a stored trial's loss depends on; None where an estimator cannot be told from another one, so that nothing is stored."""
    try:
        searched = value_part([tuned.estimator, tuned.space, tuned.seed])
    except Uncacheable:
        return None
    return digest_of([name, searched, data.digest(), parts.digest, msgspec.to_builtins(objective)])


def fit_model(name: str, candidate: Any, params: dict[str, Any], data: Dataset, rows: Rows, seed: int) -> Fitted:
    """:func:`fit_recipe`, in a process of its own where the candidate has limits; a version that exists is read, not fitted."""
    inner = unwrapped(candidate)
    if isinstance(inner, Existing):
        return existing_model(inner, data)
    if limited(candidate):
        return confined(name, candidate, Fitted, fit_recipe, name, candidate, params, data, rows, seed)
    return fit_recipe(name, candidate, params, data, rows, seed)


class _Best:
    """The two best models of a search: all of a long one would not fit into memory. One that is needed and gone is fitted again."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[float, Fitted, Floats, Floats]] = {}
        self._lock = Lock()

    def offer(self, key: str, result: tuple[float, Fitted, Floats, Floats]) -> None:
        """Keep a result if it is among the best two, whatever the order in which threads finish."""
        with self._lock:
            self.made[key] = result
            for worse in sorted(self.made, key=lambda k: (self.made[k][0], k))[2:]:
                del self.made[worse]


def validation_losses(objective: Objective, data: Dataset, rows: Rows, raw: Floats) -> Floats:
    """The loss of each row, its score calibrated by the other half of the days and decided on by the problem's rule."""
    truth = data.label[rows]
    scores = crossed(raw, truth, data.day[rows]) if data.kind == "binary" else raw
    decision = decision_of(objective, scores, data.q[rows])
    columns = cost_columns(objective, data, rows)
    return losses(objective, truth, scores, decision.batch(scores, data.q[rows], columns), columns)


def calibrated(candidate: FittedCandidate, data: Dataset, parts: Parts) -> Calibration:
    """The candidate's calibration, fitted on all of validate; the identity unless the target is yes or no."""
    return calibrate(candidate.raw, data.label[parts.validate]) if data.kind == "binary" else Calibration()
