"""A registered version competes with the project's own candidates; an alias that moves makes the candidate run again."""

from pathlib import Path
from typing import Any

import making
import numpy as np
import pytest
import saved

from ninefold.models.registry import Registry
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import ROOT, Experiments
from ninefold.runs.records import Runs

pytestmark = [pytest.mark.slow, pytest.mark.clients]
COLUMNS = ["pace.three", "pace.week", "price"]


def theirs(main: Path, folder: Path, until: str | None, leaves: int) -> int:
    """A model of somebody else's over the same inputs, registered as the champion."""
    import lightgbm as lgb

    random = np.random.default_rng(0)
    x = random.uniform(1, 90, (600, 3))
    booster = lgb.train({"objective": "regression", "verbosity": -1, "num_leaves": leaves, "num_threads": 1}, lgb.Dataset(x, x[:, 0]), 60)
    folder.mkdir()
    (folder / "model.lgb").write_text(booster.model_to_string())
    said: dict[str, Any] = {"data": "model.lgb", "model_class": "lightgbm.basic.Booster"}
    (folder / "MLmodel").write_bytes(saved.description("lightgbm", columns=dict.fromkeys(COLUMNS, "double"), **said))
    with making.home(main) as home:
        registry, files = Registry(home.ledger, "shops"), Files(home.ledger, home.blobs, "shops")
        run = Runs(home.ledger, home.blobs, "shops").begin("shops", Experiments(home.ledger, "shops").default().id, name="theirs")
        for path in folder.iterdir():
            files.put(f"{run.root.removeprefix(ROOT)}/model/{path.name}", path)
        if leaves == 31:
            registry.create("stock")
        tags = {"learned_until": until} if until else {}
        made = registry.register("stock", f"runs:/{run.id}/model", run.id, tags=tags)
        registry.set_alias("stock", "champion", made.version)
    return made.version


def test_it_competes_is_judged_and_follows_its_alias(tmp_path: Path) -> None:
    main = making.shops(tmp_path / "shops")
    text = main.read_text()
    main.write_text(text.replace('"linear": LinearRegression()', '"linear": LinearRegression(), "theirs": nf.existing("models:/stock@champion")'))
    theirs(main, tmp_path / "one", "2024-01-05T00:00:00Z", 31)
    first = making.run(main, as_of=making.END).result.outputs["candidate/order.theirs"]
    assert "failed" not in first.ref, first.ref
    assert making.run(main, as_of=making.END).cached
    theirs(main, tmp_path / "two", None, 15)
    again = making.run(main, as_of=making.END).result.outputs["candidate/order.theirs"]
    assert "has learned from rows until" in again.ref["failed"]
