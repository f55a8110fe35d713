"""``replay``: past production through the live endpoint, over HTTP, by a simulated clock."""

import sys
from pathlib import Path
from typing import Any

import click

from ninefold.cli.playing import Played, Player, Served
from ninefold.cli.report import Say, command, project_option
from ninefold.clock import iso, micros
from ninefold.errors import NotFoundError, UsageError
from ninefold.project.home import open_home
from ninefold.project.live.freeze import thaw
from ninefold.project.reading.read import read
from ninefold.units import many


@command("ninefold replay flights.py --from 2013-10-01 --to 2014-01-01 --tz America/New_York")
@project_option
@click.option("--endpoint", help="Which endpoint (default: the only one).")
@click.option("--from", "start", required=True, metavar="TIME", help="Where production begins.")
@click.option("--to", "end", required=True, metavar="TIME", help="Where it ends.")
@click.option("--tz", default="UTC", show_default=True, help="The zone of --from and --to where they have no offset.")
@click.option("--stay", is_flag=True, help="Keep the server up afterwards.")
def replay(say: Say, project: Path | None, environment: str | None, endpoint: str | None, start: str, end: str, tz: str, stay: bool) -> None:
    """Send every stored row when it came to be known, and every question at its decision time, to a live server of its own.

    A replay that was interrupted, or that another one went before, goes on from there: nothing is asked or counted twice.
    """
    first, last = micros(start, tz), micros(end, tz)
    if first >= last:
        raise UsageError(f"--from {start} is not before --to {end}")
    with open_home(project.absolute() if project else None, environment) as home:
        served = Served(home, first)
        player = Player(home, served, _endpoint(home, endpoint), on_day=lambda day: _told(say, day))
        here = player.begins(first, last)
        served.at = player.stands(first, here)
        if here != first:
            say.line(f"an earlier replay of this home came until {iso(here)}: it goes on there")
        with served:
            played = player.play(first, last)
            say.result(played.value(), lambda: _summary(say, played))
            if stay and sys.stdout.isatty():
                say.line(f"\nthe pages stay up at {served.url} · Ctrl-C stops them")
                served.wait()


def _endpoint(home: Any, endpoint: str | None) -> str:
    frozen = home.ledger.facts(kind="deploy.frozen", prefix=f"{home.project}/", newest_first=True, limit=1)
    if not frozen:
        raise NotFoundError("nothing is deployed yet", hint="ninefold deploy ENDPOINT")
    graph = read(thaw(home, frozen[0].body["digest"]), root=home.path("frozen", frozen[0].body["digest"]))
    known = list(graph.of("endpoint"))
    if endpoint is None and len(known) != 1:
        raise UsageError(f"the project has {len(known)} endpoints", hint=f"say which: --endpoint {' or '.join(known)}")
    return graph.resolve(endpoint, ("endpoint",))[0] if endpoint else known[0]


def _told(say: Say, day: dict[str, Any]) -> None:
    for done in day["done"]:
        say.line(f"  {iso(day['at'])[:10]}  {done.get('text', done.get('what', ''))}")
        say.event("done", **done)


def _summary(say: Say, played: Played) -> None:
    say.line(f"\n{many(played.questions, 'question')}, {many(played.updates, 'update')} and {many(played.events, 'event')} in {played.seconds:.0f} s")
    same = "all equal to the batch values" if not played.compared.unequal else f"{played.compared.unequal:,} of them not"
    say.line(f"{many(played.compared.values, 'feature value')} served, {same}")
