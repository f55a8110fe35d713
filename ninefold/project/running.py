"""Running a project: find what is cached, run the rest, judge hypotheses and criteria by the policy in force."""

import getpass
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ninefold.config import Settings
from ninefold.engine import Event, Planned, Result, Runner
from ninefold.errors import DeclarationError
from ninefold.ledger import Fact
from ninefold.project import storedplan
from ninefold.project.home import Home
from ninefold.project.judging import last_verdicts
from ninefold.project.live.clocks import judging_now

if TYPE_CHECKING:
    from ninefold.engine.step import Step
    from ninefold.project.reading.graph import Graph


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did: step by step, and what was judged. ``cached`` when nothing had to run and nothing was imported; ``offers`` are
    lines for the file that go on with the history of a name that is gone.
    """

    project: str
    as_of: int
    result: Result
    judged: dict[str, Any] = field(default_factory=dict)
    cached: bool = False
    offers: list[str] = field(default_factory=list)


def run(
    graph: "Callable[[], Graph]",
    settings: Settings,
    *,
    name: str,
    main: Path,
    as_of: int | None = None,
    targets: list[str] | None = None,
    force: Collection[str] = (),
    on_event: Callable[[Event], None] | None = None,
    workers: int = 2,
    reason: str = "asked",
    actor: str | None = None,
) -> Ran:
    """Run the project ``name``. ``graph`` reads it, and is called only where something has to run.

    ``as_of`` (default: now) is the instant as of which tables are seen. ``targets`` are steps (default: all).
    """
    with Home(settings, name, actor=actor) as home:
        at = as_of if as_of is not None else judging_now(home)
        if not force and targets is None and (found := _all_cached(home, main, as_of, at, on_event)) is not None:
            return found
        read = graph()
        started = _begin(home, read, {"as_of": at, "reason": reason, "targets": targets})
        try:
            done = _work(home, read, started, at, targets, force, on_event, workers, actor or author_name())
        except BaseException as error:  # also Ctrl-C: that the run failed is recorded first, then it goes on to the caller
            home.ledger.record("run.failed", f"{name}/run", {"error": str(error)[:2000], "started": started.seq})
            raise
        told = {"ran": done.ran.result.ran, "hits": len(done.ran.result.hits), "seconds": done.ran.result.seconds, "started": started.seq}
        home.ledger.record("run.done", f"{name}/run", told)
        if targets is None:
            storedplan.keep(home, main, read, done.steps, as_of)
        return done.ran


class _Done(NamedTuple):
    ran: Ran
    steps: "list[Step]"


def _begin(home: Home, graph: "Graph", said: dict[str, Any]) -> Fact:
    """The fact that a run began; what is wrong with the file is said before."""
    from ninefold.project.check import check

    check(graph, home.settings).raise_errors()
    refuse_what_cannot_run(graph)
    return home.ledger.record("run.started", f"{home.project}/run", said)


def _work(
    home: Home,
    graph: "Graph",
    started: Fact,
    at: int,
    targets: list[str] | None,
    force: Collection[str],
    on_event: Callable[[Event], None] | None,
    workers: int,
    author: str,
) -> _Done:
    """Declare what the file says, run the steps, judge. What makes steps needs engines; a run that finds everything loads none."""
    from ninefold.project import declared, renaming
    from ninefold.project.assemble import steps_of
    from ninefold.project.judging import judge_hypotheses, judge_models
    from ninefold.project.policy import declare, policy_of

    renaming.go_on(home, graph, run=started.id)
    offers = renaming.offers(home, graph)
    declared.record(home, graph, run=started.id)
    for problem in graph.of("problem"):
        declare(home, problem, policy_of(graph, problem), author)
    steps = steps_of(graph, home, at)
    runner = Runner(home.ledger, home.settings.home, home.project, workers=workers, on_event=on_event, run=started.id)
    result = runner.run(steps, targets=targets, force=force)
    judged = {"hypotheses": judge_hypotheses(graph, home, result.outputs), "models": judge_models(graph, home, result.outputs)}
    return _Done(Ran(home.project, at, result, judged, offers=offers), steps)


def plan(graph: "Graph", settings: Settings, *, as_of: int | None = None, targets: list[str] | None = None) -> list[Planned]:
    """What a run would do, without running anything."""
    from ninefold.project.assemble import steps_of
    from ninefold.project.check import check

    check(graph, settings).raise_errors()
    refuse_what_cannot_run(graph)
    with Home(settings, graph.project) as home:
        at = as_of if as_of is not None else judging_now(home)
        return Runner(home.ledger, settings.home, graph.project).plan(steps_of(graph, home, at), targets=targets)


def author_name() -> str:
    """Who is at the keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _all_cached(home: Home, main: Path, as_of: int | None, at: int, on_event: Any) -> Ran | None:
    steps = storedplan.stored(home, main, as_of, at)
    if steps is None:
        return None
    runner = Runner(home.ledger, home.settings.home, home.project, on_event=on_event)
    if any(p.state != "cached" for p in runner.plan(steps)):
        return None
    result = runner.run(steps, check=False)
    # another process may have changed something between the two looks; or the policy has changed since
    judged = None if result.failed else last_verdicts(home, result.outputs)
    return None if judged is None else Ran(home.project, at, result, judged, cached=True)


def refuse_what_cannot_run(graph: "Graph") -> None:
    """Say by name what of the language this release cannot run yet; raises NotYetError, or the error of a candidate."""
    from ninefold.project.check.later import cannot_run

    found = cannot_run(graph)
    if found:
        others = "".join(f"\nalso: {error}" for error in found[1:])
        raise type(found[0])(found[0].message + others, hint=found[0].hint, where=found[0].where)
    if not graph.of("model") and not graph.of("table"):
        raise DeclarationError("the project declares no table and no model: there is nothing to run")
