"""``run`` and ``plan``."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ninefold.cli.person import person_in
from ninefold.cli.report import FAILED, Say, command, project_option, table
from ninefold.cli.target import load, target_of
from ninefold.clock import iso, micros
from ninefold.engine import Event, Planned, Result
from ninefold.project import running
from ninefold.units import many

if TYPE_CHECKING:
    pass

_as_of = click.option("--as-of", metavar="TIME", help="See every table as it was known then (ISO 8601; a time without offset is in --tz).")
_tz = click.option("--tz", default="UTC", show_default=True, help="The zone of --as-of where it has no offset.")


@command("ninefold run flights.py --as-of 2013-10-01T00:00 --tz America/New_York")
@project_option
@_as_of
@_tz
@click.option("--target", "targets", multiple=True, metavar="STEP", help="Only this step and what it needs (model/forecast); may be repeated.")
@click.option("--force", multiple=True, metavar="STEP", help="Run this step although its output is stored; may be repeated.")
@click.option("--require", is_flag=True, help="Exit with 1 if a criterion is not met.")
@click.option("--frozen", metavar="DIGEST", hidden=True, help="Run code that was frozen by a deployment.")
@click.option("--reason", default="asked", hidden=True)
def run(
    say: Say,
    project: Path | None,
    environment: str | None,
    as_of: str | None,
    tz: str,
    targets: tuple[str, ...],
    force: tuple[str, ...],
    require: bool,
    frozen: str | None,
    reason: str,
) -> int:
    """Run all stages of a project; what has not changed is found, not done again."""
    settings, name, main, graph = target_of(project, environment, frozen)
    progress = Progress(say)
    done = running.run(
        graph,
        settings,
        name=name,
        main=main,
        as_of=micros(as_of, tz) if as_of else None,
        targets=list(targets) or None,
        force=force,
        on_event=progress,
        reason=reason,
        actor=person_in(settings),
    )
    result = done.result
    value = {
        "project": name,
        "as_of": iso(done.as_of),
        "ran": result.ran,
        "hits": result.hits,
        "seconds": round(result.seconds, 3),
        "judged": done.judged,
        "offers": done.offers,
    }
    say.result(value, lambda: _told(say, done))
    verdicts = [c["verdict"] for m in done.judged.get("models", {}).values() for c in m["criteria"]]
    return FAILED if require and "not met" in verdicts else 0


class Progress:
    """Tells of steps as they start and end: one line each; programs get events."""

    def __init__(self, say: Say) -> None:
        self.say, self.live, self.started = say, sys.stdout.isatty(), time.monotonic()

    def __call__(self, event: Event) -> None:
        self.say.event(event.kind, step=event.step, seconds=round(event.seconds, 3), detail=event.detail)
        if event.kind == "done":
            self.say.line(f"  {event.step:<34} {event.seconds:7.2f} s")
        elif event.kind == "failed":
            self.say.line(f"  {event.step:<34} failed", fg="red")
        elif event.kind == "skipped":
            self.say.line(f"  {event.step:<34} skipped: {event.detail}", fg="yellow")
        elif event.kind == "waiting":
            self.say.line(f"  {event.step:<34} waiting: {event.detail}")


def _told(say: Say, done: running.Ran) -> None:
    hits = len(done.result.hits)
    work = f"{many(len(done.result.ran), 'step')} ran, {hits} {'was' if hits == 1 else 'were'} stored already"
    say.line(f"\n{work} · {done.result.seconds:.1f} s · as of {iso(done.as_of)}")
    for line in [*done.offers, *set_aside(done.result)]:
        say.line(line, fg="yellow")
    for name, body in done.judged.get("hypotheses", {}).items():
        say.line(f"\n{name}: {body['belief']}\n  {body['text']}")
    for name, body in done.judged.get("models", {}).items():
        say.line(f"\n{name}@{body['version']} on its test span:")
        for one in body["criteria"]:
            colour = {"met": "green", "not met": "red"}.get(one["verdict"])
            say.line(f"  {one['text']}", fg=colour)


def set_aside(result: Result) -> list[str]:
    """What a run left out, and why: rows in quarantine, candidates that could not compete."""
    lines = []
    for step, output in result.outputs.items():
        noun, _, name = step.partition("/")
        if noun == "table" and output.ref.get("quarantined"):
            why = "; ".join(f"{reason}: {rows}" for reason, rows in output.ref["reasons"].items() if rows)
            lines.append(f"{name}: {many(output.ref['quarantined'], 'row')} set apart ({why})")
        if noun == "candidate" and "failed" in output.ref:
            lines.append(f"{name} does not compete: {output.ref['failed']}")
    return lines


@command("ninefold plan flights.py")
@project_option
@_as_of
@_tz
def plan(say: Say, project: Path | None, environment: str | None, as_of: str | None, tz: str) -> None:
    """Show what a run would do, why, and how long it took last time."""
    graph, settings = load(project, environment)
    planned = running.plan(graph, settings, as_of=micros(as_of, tz) if as_of else None)
    say.result([{"step": p.name, "state": p.state, "why": p.why, "seconds": p.seconds} for p in planned], lambda: _planned(say, planned))


def _planned(say: Say, planned: list[Planned]) -> None:
    rows = [[p.name, p.state, "" if p.seconds is None else f"{p.seconds:.2f}", "; ".join(p.why)] for p in planned]
    say.line(table(["step", "would", "last s", "because"], rows, right=[2]))
    todo = [p for p in planned if p.state != "cached"]
    cost = sum(p.seconds or 0 for p in todo)
    say.line(f"\n{len(todo)} of {many(len(planned), 'step')} would run" + (f", about {cost:.0f} s" if cost else ""))
