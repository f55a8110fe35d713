"""``status``: is the problem solved; nine lines; what waits for whom; the next command."""

from typing import TYPE_CHECKING

import msgspec

from ninefold.cli.report import Say, command, project_option
from ninefold.cli.times import when
from ninefold.project.explaining.status import status as status_of
from ninefold.project.home import open_home
from ninefold.units import plural

if TYPE_CHECKING:
    from pathlib import Path

    from ninefold.project.explaining.status import Status

COLOURS = {"solved": "green", "not solved": "red", "met": "green", "not met": "red", "attention": "red", "missing": "yellow"}


@command("ninefold status")
@project_option
def status(say: Say, project: "Path | None", environment: str | None) -> None:
    """Say where a project stands: solved or not, the nine stages, what waits for whom, and what to do next."""
    with open_home(project.absolute() if project else None, environment) as home:
        found = status_of(home)
    say.result(msgspec.to_builtins(found), lambda: tell(say, found))


def tell(say: Say, found: "Status") -> None:
    """Nine lines, and what stands above and below them."""
    for problem in found.problems:
        say.line(f"{problem.problem}: {problem.verdict}", fg=COLOURS.get(problem.verdict), bold=True)
        say.line(f"  {problem.question}")
        for one in problem.criteria:
            say.line(f"  {one['text']}", fg=COLOURS.get(one["verdict"]))
        say.line(f"  judged on {problem.judged_on}" + (f", {when(problem.at)}" if problem.at else ""), dim=True)
        say.line()
    for stage in found.stages:
        name = stage.noun if len(stage.things) == 1 else plural(stage.noun)
        text = stage.text if len(stage.text) <= 120 else stage.text[:117] + "..."
        say.line(f"{stage.number} {name:<11} {text}", fg=COLOURS.get(stage.state))
    say.line()
    for item in found.waiting:
        say.line(f"waits for {item.whom} since {when(item.since)}: {item.what}", fg="yellow")
    if not found.waiting:
        say.line("nothing waits for anybody")
    run = found.run
    if run is not None:
        how = {"done": "done", "failed": f"failed: {run.get('error', '')}"}.get(run["state"], run["state"])
        say.line(f"last run {when(run['at'])}: {how}", fg="red" if run["state"] == "failed" else None)
    say.line(f"next: {found.next}")
