"""What exploring finds, and that its lines can be taken into the file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import ninefold as nf
from ninefold import config
from ninefold.project.check import check
from ninefold.project.explaining.difference import difference
from ninefold.project.explaining.exploring import compared, drifts, explore
from ninefold.project.explaining.segments import worst
from ninefold.project.home import Home
from ninefold.project.reading.read import read


def test_a_planted_leak_is_found_and_every_line_is_accepted(tiny_copy: Path) -> None:
    main = tiny_copy / "parcels.py"
    planted = 'return orders.with_columns((pl.col("minutes_late") > 15).alias("called"),'
    main.write_text(main.read_text().replace("return orders.with_columns(", planted))
    with nf.open(main) as project:
        project.run(as_of="2024-02-27T00:00Z", targets=["table/parcels", "profile/parcels"])
        found = explore(project.graph, project.home)
        assert project.home.ledger.last("project.explored", "parcels/project") is not None
    lines = [f.code for f in found.findings if f.code]
    main.write_text(main.read_text() + "\n" + "\n".join(lines) + "\n")
    check(read(main, root=tiny_copy), config.load(tiny_copy)).raise_errors()
    assert ("parcels.called" in [f.subject for f in found.findings if f.kind == "leak"], bool(lines)) == (True, True)


def answers(seed: int) -> dict[str, object]:
    """Answers of 40 days to two kinds of question; the model is right."""
    draw = np.random.default_rng(seed)
    score = draw.uniform(0.1, 0.9, 8000)
    label = (draw.uniform(size=8000) < score).astype(float)
    return {"kind": draw.choice(["a", "b"], 8000), "score": score, "label": label, "day": np.arange(8000) % 40}


@pytest.fixture
def rows() -> dict[str, object]:
    return answers(0)


def test_a_segment_in_which_the_model_is_off_is_found(rows: dict[str, object]) -> None:
    off = np.where(rows["kind"] == "b", np.asarray(rows["label"]) * 0.5, rows["label"])
    found = worst(pl.DataFrame({"kind": rows["kind"], "n": np.arange(8000)}), off, rows["score"], rows["day"], binary=True)
    assert (found[0].column, found[0].value, found[0].gap < -0.2) == ("kind", "b", True)


def test_where_the_model_is_right_a_segment_is_named_in_at_most_one_look_of_twenty() -> None:
    looks = [answers(seed) for seed in range(100)]
    frames = [pl.DataFrame({"kind": r["kind"], "n": np.arange(8000)}) for r in looks]
    named = [worst(f, r["label"], r["score"], r["day"], binary=True) for f, r in zip(frames, looks, strict=True)]
    assert sum(map(bool, named)) <= 5


def test_where_no_column_moves_one_is_named_in_at_most_one_look_of_twenty() -> None:
    table = nf.Table("db:rows", key="id", time="at", tz="UTC")
    at = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 2, 29, 23), "30m", time_zone="UTC", eager=True)
    named = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        columns = {f"c{i}": draw.choice(["a", "b", "c"], len(at)) for i in range(20)}
        named += bool(drifts(compared("rows", table, pl.DataFrame({"id": np.arange(len(at)), "at": at, **columns}))))
    assert named <= 1


def test_under_twenty_days_nothing_is_said(rows: dict[str, object]) -> None:
    assert worst(pl.DataFrame({"kind": rows["kind"]}), np.zeros(8000), rows["score"], np.arange(8000) % 19, binary=True) == []


def test_two_versions_are_compared_by_key(tiny_copy: Path) -> None:
    main = tiny_copy / "parcels.py"
    main.write_text(main.read_text().replace("MINUTES_LATE = 15", "MINUTES_LATE = 20"))
    orders = tiny_copy / "data" / "orders.csv"
    orders.write_text("\n".join(orders.read_text().splitlines()[:-1]) + "\n")
    with nf.open(main) as project:
        project.run(as_of="2024-02-27T00:00Z", targets=["table/parcels"])
        first, second = (v["version"] for v in reversed(project.table("parcels").versions()))
        found = difference(project.home, "parcels", first, second)
    assert (found["gone"], found["added"], [c["column"] for c in found["columns"]]) == (1, 0, ["late"])


def test_a_version_that_is_not_stored_is_named(tiny_project: Path) -> None:
    with Home(config.load(tiny_project), "parcels") as home, pytest.raises(nf.NinefoldError, match="no version 7"):
        difference(home, "parcels", 0, 7)
