"""Many runs at once, written straight into the tables: for searches among 100,000 runs, which no client would log in a minute."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ninefold.ledger import Ledger
from ninefold.runs.experiments import Experiments

METRICS = ("auc", "loss", "recall", "precision", "seconds")
TEAMS = ("north", "south", "east", "west")
BEGAN = 1_700_000_000_000_000  # microseconds: when the first of the runs began
EVERY = 1_000_000
GROUP = 5000


def seed(ledger: Ledger, project: str, experiment: str, runs: int, *, seed: int = 7) -> int:
    """Writes runs with 5 metrics, 5 params and 3 tags each into an experiment, and gives its number.

    One run in a hundred has an auc that is no number, one in a hundred none; the text of ``params.note`` names one of 1,000 words.
    """
    number = Experiments(ledger, project).ensure(experiment).id
    rng = random.Random(seed)
    made = rows(project, number, runs, rng)
    while group := list(islice(made, GROUP)):
        pending = []
        for table in ("runs", "params", "tags", "series"):
            pending.append(ledger.append(table, [row for run in group for row in run[table]]))
            pending[-1].result()
    return number


def rows(project: str, experiment: int, count: int, rng: random.Random) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The rows of each run, by table."""
    for place in range(count):
        id, at = f"{rng.getrandbits(128):032x}", BEGAN + place * EVERY
        params = {
            "leaves": str(rng.choice((15, 31, 63, 127))),
            "rate": f"{rng.uniform(0.01, 0.3):.4f}",
            "model": rng.choice(("trees", "linear", "boosted")),
            "note": f"word{rng.randrange(1000)} of many",
            "seed": str(place),
        }
        tags = {"team": rng.choice(TEAMS), "release": f"r{rng.randrange(200)}", "stage": rng.choice(("try", "final"))}
        yield {
            "runs": [
                {
                    "id": id, "project": project, "experiment": experiment, "name": f"run-{place}", "status": rng.choice(("done", "done", "failed")),
                    "state": "active", "started": at, "ended": at + 500_000, "updated": at + 500_000, "parent": None,
                    "root": f"mlflow-artifacts:/{experiment}/{id}/artifacts", "source": "seed", "actor": rng.choice(("ada", "bo", "cy")),
                }
            ],
            "params": [{"run": id, "key": key, "value": value} for key, value in params.items()],
            "tags": [{"run": id, "key": key, "value": value} for key, value in tags.items()],
            "series": [_series(id, project, experiment, key, at, place, rng) for key in METRICS if key != "auc" or place % 100 != 1],
        }  # fmt: skip


def _series(run: str, project: str, experiment: int, key: str, at: int, place: int, rng: random.Random) -> dict[str, Any]:
    value, nan = (0.0, 1) if key == "auc" and place % 100 == 0 else (rng.random(), 0)
    return {
        "run": run, "key": key, "project": project, "experiment": experiment, "step": 100, "at": at + 400_000, "value": value, "nan": nan,
    }  # fmt: skip
