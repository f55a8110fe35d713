"""The same questions asked by the same client of a server of ours and of its own store: both find the same, in the same order."""

from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "scripts" / "searches.py"
pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.timeout(500)]
_REFUSED = "INVALID_PARAMETER_VALUE"

# where we differ on purpose, theirs and ours: a filter that breaks off is half a question; a caller's mistake is no error of the server
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "runs tags.team = 'a' AND": ([], _REFUSED),
    "runs by ['metrics.auc', 'metrics.auc DESC']": ("INTERNAL_ERROR", _REFUSED),
}
# the older release took what is no number for 0 in comparisons, and knew less of the grammar
OLDER: dict[str, tuple[Any, Any]] = {
    "runs metric.auc < 0.7": (["delta", "gamma"], ["delta"]),
    "runs metrics.loss < 1e9": (["zeta", "epsilon", "gamma", "alpha"], ["zeta", "gamma", "alpha"]),
    "runs params.lr IS NULL": (_REFUSED, ["epsilon", "delta"]),
    "runs params.lr IS NOT NULL": (_REFUSED, ["50% off", "zeta", "gamma", "beta", "alpha"]),
    "runs params.lr is not null AND metrics.auc > 0": (_REFUSED, ["50% off", "zeta", "beta", "alpha"]),
    'runs tags."my tag" IS NULL': (_REFUSED, ["50% off", "zeta", "epsilon", "gamma", "beta", "alpha"]),
    "runs tags.`my tag` IS NOT NULL": (_REFUSED, ["delta"]),
    "experiments tags.team IS NULL": (_REFUSED, ["Default"]),
    "experiments experiment_id = '1'": (_REFUSED, ["one"]),
    "experiments experiment_id IN ('1', '2')": (_REFUSED, ["one", "two"]),
    "experiments experiment_id NOT IN ('1')": (_REFUSED, ["Default", "two"]),
    "models name IN ('m1', 'm3')": (_REFUSED, ["m1", "m3"]),
}


def test_searches_find_what_the_clients_own_store_finds(client: Any) -> None:
    ours = client.python(SCRIPT, client.url)
    theirs = client.python(SCRIPT, f"sqlite:///{client.folder}/own.db")
    different = {question: (theirs[question], ours[question]) for question in theirs if theirs[question] != ours[question]}
    wanted = DIFFERENT if client.environment.name == ".venv-mlflow3" else DIFFERENT | OLDER
    assert different == wanted, "\n".join(f"{question}: {both}" for question, both in different.items())
