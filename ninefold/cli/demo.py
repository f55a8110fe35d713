"""``demo``: the whole story on the flights of 2013, from the problem to the monitor and round again."""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from ninefold import config
from ninefold.cli.playing import Player, Served
from ninefold.cli.report import INTERRUPTED, Say, command
from ninefold.cli.run import Progress
from ninefold.cli.simulating import RULE, travellers
from ninefold.cli.story import Story, tell
from ninefold.cli.template import create
from ninefold.clock import iso, micros
from ninefold.errors import UsageError
from ninefold.loop.deploying import deploy
from ninefold.project import running
from ninefold.project.home import Home
from ninefold.project.reading.read import read

TZ = "America/New_York"
BEGIN, END = "2013-10-01T00:00", "2014-01-01T00:00"
# a folder with this file in it was made by the demo, and may be made again
MARK = ".ninefold-demo"


@command("ninefold demo")
@click.argument("folder", required=False, type=click.Path(path_type=Path), default=Path(".demo/flights"))
@click.option("--from", "begin", default=BEGIN, hidden=True)
@click.option("--to", "end", default=END, hidden=True)
@click.option("--stay/--no-stay", default=None, help="Keep the pages up afterwards (default: at a terminal).")
def demo(say: Say, folder: Path, begin: str, end: str, stay: bool | None) -> None:
    """Make a project in FOLDER and live three months of its life: train, deploy, serve, watch, retrain, decide."""
    try:
        _live(say, folder, begin, end, stay)
    except KeyboardInterrupt:
        click.echo("\ninterrupted: the same command begins the demo anew", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _live(say: Say, folder: Path, begin: str, end: str, stay: bool | None) -> None:
    began = time.monotonic()
    main = _project(folder)
    settings = config.load(folder.resolve())
    first, last = micros(begin, TZ), micros(end, TZ)
    say.line(f"the project: {main} · as of {begin[:10]} in New York nothing later is known\n", bold=True)
    ran = running.run(lambda: read(main, root=settings.root), settings, name="flights", main=main, as_of=first, on_event=Progress(say))
    _judged(say, ran.judged)
    with Home(settings, "flights", actor="demo") as home:
        graph = read(main, root=settings.root)
        made = deploy(home, graph, main, "desk", at=first).version
        home.ledger.record("source.simulated", "flights/source/rebookings", {"rule": RULE})
        say.line(f"\nforecast@{made.version} answers at the desk; production begins, by a clock that is replayed\n", bold=True)
        with Served(home, first) as served:
            played = Player(home, served, "desk", on_day=lambda day: _day(say, day), behave=travellers).play(first, last)
            story = Story.of(home, graph, "desk", played, first, last, time.monotonic() - began)
            say.result(story.value(), lambda: tell(say, story, main))
            if stay or (stay is None and sys.stdout.isatty()):
                say.line(f"\nthe pages are up at {served.url} · Ctrl-C ends the demo")
                served.wait()


def _project(folder: Path) -> Path:
    """A fresh project; what an earlier demo made is removed first, anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(f"{folder} holds something that the demo did not make", hint="name another folder: ninefold demo FOLDER")
        shutil.rmtree(folder)
    files = create(folder, "flights")
    (folder / MARK).touch()
    return files[0].resolve()


def _judged(say: Say, judged: dict[str, Any]) -> None:
    for name, body in judged.get("hypotheses", {}).items():
        say.line(f"\n  {name}: {body['belief']}\n    {body['text']}")
    for name, body in judged.get("models", {}).items():
        say.line(f"\n  {name}@{body['version']} on the three months before, which it had not seen:")
        for one in body["criteria"]:
            say.line(f"    {one['text']}")


def _day(say: Say, day: dict[str, Any]) -> None:
    for done in day["done"]:
        say.event("done", **done)
        say.line(f"  {iso(day['at'], TZ)[:10]}  {done.get('text') or done.get('what', '')}")
