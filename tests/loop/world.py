"""A small world with a change in it: calls whose outcome follows x, until one day it follows the opposite."""

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

from ninefold import config
from ninefold.cli.playing import Played, Player, Served
from ninefold.loop.deploying import Deployed, deploy
from ninefold.project import running
from ninefold.project.home import Home
from ninefold.project.reading.read import read

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LEARNT, DAYS, PER_DAY = 64, 96, 48
"""The past is known as of the day LEARNT; production goes on to the day DAYS."""

PROJECT = """
    import lightgbm
    import polars as pl

    import ninefold as nf

    kept = nf.Problem(
        "Will the caller keep the appointment?", owner="front-desk", predict=nf.binary("came", of="calls", at="at"),
        solved_when=[nf.roc_auc >= {least}, nf.brier <= 0.5], window="14d",
    )
    log = nf.Source("data/calls.csv")


    @nf.table(key="call", time="at", tz="UTC", known="at - 1d", later={{"came": "seen_at"}})
    def calls(log: pl.LazyFrame) -> pl.LazyFrame:
        return log


    hour = nf.Features(hour=pl.col("at").dt.hour())
    guess = nf.Model(
        kept, features=["x", "season", hour], split=nf.by_time(validate="12d", test="32d"),
        candidates={{"trees": lightgbm.LGBMClassifier(n_estimators=25, num_leaves=7, min_child_samples=15)}},
    )
    desk = nf.Endpoint(guess, release={release})
    watch = nf.Monitor(desk, every="1d", checks=[{checks}], tell=["log://"])
"""


def rows(change: int, told: timedelta) -> str:
    """data/calls.csv; from the day ``change`` on the season is another one, and x means the opposite. Outcomes are ``told`` later."""
    draw = random.Random(11)
    lines = ["call,at,seen_at,x,season,came"]
    for day in range(DAYS):
        for n in range(PER_DAY):
            at = FIRST + timedelta(days=day, minutes=15 + 25 * n)
            x, season = draw.random(), int(day >= change)
            lean = 4 * (x - 0.5) if not season else 4 * (0.5 - x) + 1.5
            came = draw.random() < 1 / (1 + math.exp(-lean))
            seen = at + told
            lines.append(f"c{day:02}-{n:02},{at:%Y-%m-%dT%H:%M:%SZ},{seen:%Y-%m-%dT%H:%M:%SZ},{x:.4f},{season},{str(came).lower()}")
    return "\n".join(lines) + "\n"


def micros(day: float) -> int:
    return round((FIRST + timedelta(days=day)).timestamp()) * 1_000_000


class World:
    """The project on disk. ``change`` is the day on which the world turns round; an outcome is known ``hours`` after its call."""

    def __init__(
        self, folder: Path, *, change: int, release: str = 'nf.canary("20%")', checks: str = "nf.quality()", least: float = 0.2, hours: float = 1
    ) -> None:
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "calls.csv").write_text(rows(change, timedelta(hours=hours)))
        (folder / "pyproject.toml").write_text('[tool.ninefold]\nproject = "visits"\n')
        self.main = folder / "visits.py"
        self.main.write_text(dedent(PROJECT).format(release=release, checks=checks, least=least))
        self.settings = config.load(folder)

    def run(self, day: float) -> None:
        running.run(lambda: read(self.main, root=self.main.parent), self.settings, name="visits", main=self.main, as_of=micros(day))

    def deploy(self, day: float) -> Deployed:
        with self.home() as home:
            return deploy(home, read(self.main, root=self.main.parent), self.main, "desk", at=micros(day))

    def play(self, start: float, end: float) -> Played:
        """Production of these days, through a server of its own."""
        with self.home() as home:
            served = Served(home, micros(start))
            player = Player(home, served, "desk")
            served.at = player.stands(micros(start), player.begins(micros(start), micros(end)))
            with served:
                return player.play(micros(start), micros(end))

    def home(self) -> Home:
        return Home(self.settings, "visits")

    def facts(self, *kinds: str) -> list[dict[str, Any]]:
        with self.home() as home:
            return [{"kind": f.kind, **f.body} for f in home.ledger.facts(kind=kinds)]
