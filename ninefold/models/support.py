"""What the language has and this release cannot fit: told at the check, before anything runs."""

from typing import Any

from ninefold.errors import NinefoldError, NotYetError
from ninefold.models.candidate import Existing, On, Tuned, unwrapped
from ninefold.models.estimator import family
from ninefold.models.export import exportable
from ninefold.models.model import Model
from ninefold.models.registry.address import address
from ninefold.problems import Target


def unsupported(model: Model, target: Target) -> list[NinefoldError]:
    """The errors of a model's candidates and target that are sure before data is seen. Nothing is fitted or loaded."""
    found: list[NinefoldError] = []
    if target.quantiles:
        found.append(
            NotYetError(
                "the quantiles of a regression cannot be fitted yet",
                hint='leave quantiles= out, or fit one: LGBMRegressor(objective="quantile", alpha=0.9)',
            )
        )
    for name, candidate in model.candidates:
        error = _refused(unwrapped(candidate)) or _placed(candidate)
        if error is not None:
            error.where = f'candidate "{name}"'
            found.append(error)
    return found


def _placed(candidate: Any) -> NinefoldError | None:
    while isinstance(candidate, (On, Tuned)):
        if isinstance(candidate, On) and candidate.gpus:
            return NotYetError(f"gpus={candidate.gpus}: this release fits on processors only", hint="leave gpus= out of nf.on(...)")
        candidate = candidate.candidate if isinstance(candidate, On) else candidate.estimator
    return None


def _refused(estimator: Any) -> NinefoldError | None:
    if isinstance(estimator, Existing):
        if not estimator.uri.startswith("models:"):
            return None  # whether it is a bundle's directory is known when it is read
        try:
            address(estimator.uri)
        except NinefoldError as error:
            return error
        return None
    try:
        family(estimator)
    except NinefoldError as error:
        return error
    return exportable(estimator)
