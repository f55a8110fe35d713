"""Other endings: the gate holds, the champion stays, the version before comes back."""

from pathlib import Path

import pytest
from world import LEARNT, World, micros

from ninefold.endpoints.records import champion, current, history
from ninefold.workflow.items import open_items

pytestmark = pytest.mark.slow


def test_what_the_gate_refuses_becomes_a_work_item_of_the_owner(tmp_path: Path) -> None:
    world = World(tmp_path / "w", change=LEARNT + 3, checks="nf.quality(then=nf.retrain())", least=0.75)
    world.run(LEARNT)
    world.deploy(LEARNT)
    world.play(LEARNT, LEARNT + 14)
    assert world.facts("retrain.done")[0]["outcome"] == "held at the gate"
    with world.home() as home:
        items = open_items(home.ledger, "visits")
        first = champion(current(home.ledger, "visits", "desk"))
    assert [i.waits_for for i in items] == ["front-desk"] and "does not pass the gate" in items[0].title
    assert first is not None and first.version == 1


def test_undecided_in_time_the_champion_stays_and_better_features_are_asked_for(tmp_path: Path) -> None:
    world = World(tmp_path / "w", change=999, release='nf.canary("20%", at_most="4d")', least=0.74)
    world.run(LEARNT)
    world.deploy(LEARNT)
    world.run(LEARNT + 2)
    world.deploy(LEARNT + 2)
    world.play(LEARNT + 2, LEARNT + 8)
    judged = world.facts("canary.judged")
    assert [f["decision"] for f in judged] == ["hold"] * 3 + ["dismiss"]
    with world.home() as home:
        assert champion(current(home.ledger, "visits", "desk")).version == 1  # type: ignore[union-attr]
        assert [r.state for r in history(home.ledger, "visits", "desk")] == ["stayed", "champion"]


def test_an_alarm_rolls_back_where_the_monitor_says_so(tmp_path: Path) -> None:
    world = World(tmp_path / "w", change=LEARNT + 4, release="nf.full()", checks="nf.quality(then=nf.rollback())")
    world.run(LEARNT - 2)
    world.deploy(LEARNT - 2)
    world.run(LEARNT)
    world.deploy(LEARNT)
    world.play(LEARNT, LEARNT + 12)
    back = world.facts("release.rolledback")
    assert len(back) == 1 and back[0]["version"] == 2 and back[0]["when"] > micros(LEARNT + 5)
    with world.home() as home:
        assert champion(current(home.ledger, "visits", "desk")).version == 1  # type: ignore[union-attr]
