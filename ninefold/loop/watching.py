"""One endpoint in the eyes of the loop: its production in memory, the version that answers, the days beside its reference."""

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from ninefold.endpoints.endpoint import Endpoint
from ninefold.endpoints.records import Release, champion, current
from ninefold.loop.days import day_of
from ninefold.loop.estimating import Estimating
from ninefold.loop.production import Production, roll
from ninefold.loop.reference import Reference, reference_of
from ninefold.loop.series import Numbers, Series
from ninefold.models.objective import Objective, objective_of
from ninefold.models.records import Version, version
from ninefold.monitors.monitor import Monitor
from ninefold.project.learning import Learning
from ninefold.project.live.production import judge_rows, maturity
from ninefold.units import DAY

if TYPE_CHECKING:
    from ninefold.project.home import Home
    from ninefold.server.runtime import Runtime

LONGEST_TRIAL = 21 * DAY


class Watching:
    """An endpoint and the champion's days. The series begins anew with each champion: another version has another reference."""

    def __init__(self, runtime: "Runtime", name: str) -> None:
        graph = runtime.graph
        assert graph is not None
        self.runtime, self.name = runtime, name
        self.endpoint = cast(Endpoint, graph.things[name])
        self.learning = Learning.of(graph, graph.resolve(self.endpoint.model, ("model",))[0])
        self.objective: Objective = objective_of(self.learning.problem, seed=self.learning.model.seed)
        span = max(self.learning.problem.window, self.endpoint.release.at_most or LONGEST_TRIAL) + self.after
        self.production = Production(runtime, name, self.learning, span)
        self.release: Release | None = None
        self.made: Version | None = None
        self.series: Series | None = None
        self.estimating: Estimating | None = None
        self.numbers: list[Numbers] = []
        self.criteria: list[dict[str, Any]] = []
        self.judged_at: int | None = None
        self._columns: tuple[str, ...] = ()
        self._at: int | None = None

    @property
    def home(self) -> "Home":
        return self.runtime.home

    @property
    def after(self) -> int:
        """The maturity that the last run recorded, µs."""
        return maturity(self.home, self.learning.problem_name)

    @property
    def tz(self) -> str:
        """The zone of the decisions' days."""
        return self.learning.tz or "UTC"

    @property
    def classes(self) -> tuple[Any, ...]:
        """The labels of the champion's positions, for more than two classes."""
        service = self.runtime.services.get(self.name)
        loaded = service.champion if service is not None else None
        return loaded.bundle.scoring.classes if loaded is not None else ()

    @property
    def subject(self) -> str:
        return self.home.subject("endpoint", self.name)

    def columns(self, monitors: list[Monitor]) -> None:
        """Which inputs monitors watch: those that a drift check names, or all."""
        named = [check.columns for m in monitors for check in m.checks if check.kind == "drift"]
        self._columns = tuple(dict.fromkeys(c for columns in named for c in columns)) if all(named) else ()

    def follow(self, now: int) -> bool:
        """Take in what came until ``now``, once; False where nothing is released."""
        release = champion(current(self.home.ledger, self.home.project, self.name))
        if release is None:
            return False
        if self._at == now and self.release is not None and release.id == self.release.id:
            return True
        fresh = self.production.follow(now)
        if self.release is None or release.id != self.release.id:
            self._begin(release, now)
        assert self.series is not None
        self.series.add(fresh)
        learn = self.estimating.learn if self.estimating is not None else None
        self.numbers = self.series.complete(self.production, now, self.after, learn=learn)
        self._at = now
        return True

    def judge(self, now: int) -> list[dict[str, Any]]:
        """The problem's criteria on the mature questions of its window."""
        graph = self.runtime.graph
        assert graph is not None
        after = self.after
        begin = now - after - self.learning.problem.window
        rows = self.production.labelled(now, after, first=day_of(begin, self.tz))
        rows = rows.filter(pl.col("q").dt.timestamp("us") >= begin)
        # once a week or so: metrics of the business read what was collected, and journals stay short
        for stream in list(self.runtime.decoders):
            roll(self.runtime, stream)
        self.criteria, self.judged_at = judge_rows(graph, self.home, self.learning, rows, endpoint=self.name, now=now), now
        return self.criteria

    def _begin(self, release: Release, now: int) -> None:
        first = self.release is None
        self.made = version(self.home.ledger, self.home.project, release.model, release.version)
        reference: Reference = reference_of(self.home, self.learning, self.made, self._columns, self.classes)
        # a release by the machine's clock says nothing about a replay's
        since = release.started if release.started <= now else None
        self.series = Series(reference, self.learning, self.objective, self.classes, since if first or since is not None else now)
        self.estimating = Estimating(self.learning, self.endpoint, self.objective, reference)
        self.release = release
