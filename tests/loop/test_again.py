"""Replays of one home: they go on where the last one ended or was cut off, and send nothing twice."""

from pathlib import Path

import pytest
from world import LEARNT, World, micros

from ninefold.cli.playing import Player, Served
from ninefold.errors import UsageError
from ninefold.project.live.onrecord import sent
from ninefold.project.live.production import predictions

pytestmark = pytest.mark.slow
PER_DAY = 48


class CutOff(Exception):
    """Stands for whatever ends a replay in the middle of an hour."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "w", change=999, release="nf.full()", checks="nf.freshness()")
    made.run(LEARNT)
    made.deploy(LEARNT)
    return made


def counted(world: World) -> tuple[int, int, int, int]:
    """Answers, questions among them, updates, and different ones among these."""
    with world.home() as home:
        answers = predictions(home, "desk")
        table = Player(home, Served(home, micros(LEARNT)), "desk").learning.table
        updates = sent(home, "calls", table).drop("__order", "__received")
        return answers.height, answers["key"].n_unique(), updates.height, updates.unique().height


def test_a_replay_that_goes_on_asks_nothing_twice_and_its_feeds_are_as_usual(world: World) -> None:
    world.play(LEARNT, LEARNT + 5)
    second = world.play(LEARNT + 5, LEARNT + 10)
    assert second.compared.unequal == 0
    assert counted(world)[:2] == (10 * PER_DAY, 10 * PER_DAY)
    assert world.facts("alert.raised") == []


def test_the_same_span_again_is_refused_with_the_way_out(world: World) -> None:
    world.play(LEARNT, LEARNT + 3)
    before = counted(world)
    with pytest.raises(UsageError, match="replayed here already") as error:
        world.play(LEARNT, LEARNT + 3)
    assert "home of its own" in error.value.hint
    with pytest.raises(UsageError, match="goes forward only"):
        world.play(LEARNT - 1, LEARNT + 3)
    assert counted(world) == before


def test_a_replay_that_was_cut_off_in_an_hour_goes_on_there(world: World) -> None:
    asked = 0

    class Cut(Player):
        def _hour(self, bucket: object) -> None:
            nonlocal asked
            asked += len(bucket.questions)  # type: ignore[attr-defined]
            if asked > 2.4 * PER_DAY:
                for name, rows in bucket.updates.items():  # type: ignore[attr-defined]
                    self.served.post(f"/tables/{name}", [{k: v for k, v in row.items() if k != "__at"} for row in rows[:1]])
                raise CutOff
            super()._hour(bucket)  # type: ignore[arg-type]

    with world.home() as home, pytest.raises(CutOff), Served(home, micros(LEARNT)) as served:
        Cut(home, served, "desk").play(micros(LEARNT), micros(LEARNT + 5))
    assert micros(LEARNT + 2) < world.facts("replay.stopped")[0]["to"] < micros(LEARNT + 3)
    played = world.play(LEARNT, LEARNT + 5)
    assert played.goes_on is not None and micros(LEARNT + 2) < played.goes_on < micros(LEARNT + 3)
    answers, distinct, updates, different = counted(world)
    assert (answers, distinct, updates) == (5 * PER_DAY, 5 * PER_DAY, different)
    looked = [f["when"] for f in world.facts("monitor.looked")]
    assert looked == sorted(set(looked)) and played.compared.unequal == 0
