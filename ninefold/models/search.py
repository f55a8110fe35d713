"""The search for parameters: a seeded TPE sampler, trials in fixed batches told in order, and a journal to go on from."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from ninefold.errors import DataError, NinefoldError
from ninefold.ids import canonical
from ninefold.models.candidate import Choice, Range, Tuned

BATCH = 2
Evaluate = Callable[[dict[str, Any]], float]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters that were tried and their loss; None where fitting failed, with the reason."""

    params: dict[str, Any]
    loss: float | None
    error: str = ""


def search(
    tuned: Tuned,
    evaluate: Evaluate,
    *,
    seed: int,
    key: str,
    journal: Path | None = None,
    workers: int = BATCH,
    on_trial: Callable[[int, Trial], None] | None = None,
) -> tuple[dict[str, Any], list[Trial]]:
    """The best parameters and every trial, in order. Equal inputs give equal trials, however many workers there are.

    The sampler proposes batches of two; both are fitted (at once, with two workers) and told in order. Each told trial is stored
    in ``journal`` (Optuna's format, study ``key``); a search that was stopped proposes the same again and reads the stored losses.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    stored = _Stored(journal, key)
    sampler = optuna.samplers.TPESampler(seed=seed + tuned.seed, n_startup_trials=max(4, min(10, tuned.trials // 3)))
    study = optuna.create_study(sampler=sampler, direction="minimize")
    distributions = {name: _distribution(given) for name, given in tuned.space}
    done: list[Trial] = []
    with ThreadPoolExecutor(max(1, min(workers, BATCH)), thread_name_prefix="trial") as pool:
        while len(done) < tuned.trials:
            asked = [study.ask(distributions) for _ in range(min(BATCH, tuned.trials - len(done)))]
            running = [pool.submit(_tried, {n: trial.params[n] for n, _ in tuned.space}, evaluate, stored) for trial in asked]
            for trial, future in zip(asked, running, strict=True):
                result = future.result()
                study.tell(trial, result.loss, state=None if result.loss is not None else optuna.trial.TrialState.FAIL)
                stored.add(result, distributions)
                done.append(result)
                if on_trial is not None:
                    on_trial(len(done), result)
    return _best(done), done


def _tried(params: dict[str, Any], evaluate: Evaluate, stored: "_Stored") -> Trial:
    known = stored.losses.get(canonical(params))
    if known is not None:
        return Trial(params, known)
    try:
        return Trial(params, evaluate(params))
    except NinefoldError as error:
        return Trial(params, None, str(error))


def _best(done: list[Trial]) -> dict[str, Any]:
    fitted = [t for t in done if t.loss is not None and t.loss == t.loss]
    if not fitted:
        raise DataError(f"none of {len(done)} trials could be fitted; the first said: {done[0].error}")
    return min(fitted, key=lambda t: t.loss if t.loss is not None else float("inf")).params


def _distribution(given: Range | Choice) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(given, Choice):
        return CategoricalDistribution(given.values)
    if given.whole:
        return IntDistribution(int(given.low), int(given.high), log=given.log)
    return FloatDistribution(given.low, given.high, log=given.log)


class _Stored:
    """Losses of earlier trials by their parameters, kept in Optuna's journal."""

    def __init__(self, path: Path | None, key: str) -> None:
        self.losses: dict[bytes, float] = {}
        self._study: Any = None
        if path is None:
            return
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        path.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(path)))
        self._study = optuna.create_study(storage=storage, study_name=key, load_if_exists=True, direction="minimize")
        for trial in self._study.get_trials(deepcopy=False):
            if trial.value is not None:
                self.losses[canonical(dict(trial.params))] = trial.value

    def add(self, trial: Trial, distributions: dict[str, Any]) -> None:
        """Store a trial that is not there yet."""
        if self._study is None or trial.loss is None or canonical(trial.params) in self.losses:
            return
        from optuna.trial import create_trial

        self._study.add_trial(create_trial(params=trial.params, distributions=distributions, value=trial.loss))
        self.losses[canonical(trial.params)] = trial.loss
