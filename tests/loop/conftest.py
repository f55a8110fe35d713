"""Worlds that were played once, for several tests."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from world import LEARNT, World


@pytest.fixture(scope="session")
def turned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world turns round on the tenth day of production; calibration alarms, and a retraining is allowed."""
    checks = 'nf.freshness(), nf.quality(then=nf.retrain(cooldown="21d"))'
    world = World(tmp_path_factory.mktemp("turned"), change=LEARNT + 10, checks=checks, hours=18)
    world.run(LEARNT)
    world.deploy(LEARNT)
    world.played = world.play(LEARNT, LEARNT + 32)  # type: ignore[attr-defined]
    return world
