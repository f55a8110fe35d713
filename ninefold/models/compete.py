"""The whole competition in one call, on a plain dataset: for notebooks and tests; a run makes steps of its parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninefold.errors import DataError, NinefoldError, NotYetError
from ninefold.models.choose import Chosen, choose
from ninefold.models.contest import FittedCandidate, fit_candidate
from ninefold.models.dataset import Dataset, Parts, prepare
from ninefold.models.finish import Finished, finish
from ninefold.models.fit import CONSTANT
from ninefold.models.objective import Objective
from ninefold.models.split import Split

Progress = Callable[[str, str], None]


@dataclass(frozen=True, eq=False, slots=True)
class Competition:
    """The parts of the data, the fitted candidates, the choice, and the finished bundle."""

    parts: Parts
    candidates: list[FittedCandidate]
    chosen: Chosen
    finished: Finished


def compete(
    data: Dataset,
    candidates: Mapping[str, Any],
    *,
    split: Split,
    objective: Objective,
    folder: Path,
    workers: int = 2,
    on_progress: Progress | None = None,
    **packed: Any,
) -> Competition:
    """Fit every candidate and the constant baseline, choose, measure, and write a bundle into ``folder / "bundle"``.

    A candidate that cannot be fitted or exported is out, with its reason in the table; the error is raised where none is left.
    ``on_progress(candidate, text)`` is told what happens; ``packed`` goes to :func:`ninefold.models.finish.finish`.
    """
    say = on_progress or (lambda name, text: None)
    parts = prepare(data, split)
    fitted, failed, first = [fit_candidate(CONSTANT, None, data, parts, objective)], {}, None
    for name, candidate in candidates.items():
        say(name, "fitting")
        try:
            fitted.append(
                fit_candidate(
                    name,
                    candidate,
                    data,
                    parts,
                    objective,
                    folder,
                    workers=workers,
                    on_trial=lambda n, trial, name=name: say(name, f"trial {n}: {trial.loss}"),  # type: ignore[misc]
                )
            )
        except NotYetError:
            raise
        except NinefoldError as error:
            failed[name], first = str(error), first or error
            say(name, f"out: {error}")
    if len(fitted) == 1:
        raise first or DataError("no candidate competes")
    chosen = choose(fitted, data, parts, objective, failed)
    say(chosen.winner, chosen.reason)
    return Competition(
        parts, fitted, chosen, finish(folder / "bundle", fitted, candidates, chosen, data, parts, objective, workers=workers, **packed)
    )
