"""What is done with runs: delivered, deleted, restored, exported."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project
from ninefold.cli.report import DONE, FAILED, Say, command, table
from ninefold.cli.times import when
from ninefold.cli.tracked import exported, id_of
from ninefold.errors import ConflictError, NotFoundError, UsageError
from ninefold.project.home import Home
from ninefold.units import many

if TYPE_CHECKING:
    from ninefold.runs.tracking.waiting import Waiting

_PAGE = 1000


@command("ninefold runs deliver")
@click.option("--list", "listed", is_flag=True, help="Show what waits, and deliver nothing.")
@click.option("--forget", metavar="ID", help="Throw away what waits under this id, or the first characters of it.")
def deliver(say: Say, listed: bool, forget: str | None) -> int:
    """Deliver what scripts could not: their server was away, or they were killed.

    Exit code 1 where something waits on.
    """
    from ninefold.runs.tracking.target import folders
    from ninefold.runs.tracking.waiting import deliver_left

    places = list(dict.fromkeys(folders()))
    if listed or forget is not None:
        _waiting(say, places, forget, listed=listed)
        return DONE
    done = [deliver_left(place) for place in places]
    count, kept = sum(one.count for one in done), [waits for one in done for waits in one.kept]
    told = f"delivered what {many(count, 'process')} left" if count or not kept else "nothing was delivered"
    reasons = Counter((one.target, one.why) for one in kept)
    lines = [f"{many(n, 'process')} left something for {target} that waits on: {why}" for (target, why), n in reasons.items()]
    more = ["what waits: ninefold runs deliver --list"] if kept else []
    value = {"delivered": count, "waiting": [{"id": one.id, "target": one.target, "why": one.why} for one in kept]}
    say.result(value, "\n".join([told, *lines, *more]) if count or kept else "nothing waits to be delivered")
    return FAILED if kept else DONE


def _waiting(say: Say, places: list[Path], forgotten: str | None, *, listed: bool) -> None:
    from ninefold.runs.tracking.waiting import forget, waiting

    if forgotten is not None:
        if listed:
            raise UsageError("--list and --forget are given together", hint="give one of them")
        one = forget(places, forgotten)
        say.result({"forgotten": one.id, "target": one.target, "bytes": one.bytes}, f"thrown away: {_of(one)}")
        return
    found = waiting(places)
    rows = [[one.id, one.target, when(one.since), one.bytes, "its script runs" if one.running else ""] for one in found]
    shown = table(["id", "target", "since", "bytes", ""], rows, right=[3])
    say.result({"waiting": msgspec.to_builtins(found)}, shown if found else "nothing waits to be delivered")


def _of(one: "Waiting") -> str:
    return f"{one.id}, {many(one.bytes, 'byte')} for {one.target}, since {when(one.since)}"


@command("ninefold runs delete 0199c1f2")
@click.argument("ids", nargs=-1, required=True, metavar="RUN…")
@in_project
def delete(say: Say, ids: tuple[str, ...], project: Path | None, environment: str | None) -> None:
    """Delete runs, by their ids or the first characters of them: they are no longer found, and can be restored."""
    _change(say, ids, project, environment, "deleted")


@command("ninefold runs restore 0199c1f2")
@click.argument("ids", nargs=-1, required=True, metavar="RUN…")
@in_project
def restore(say: Say, ids: tuple[str, ...], project: Path | None, environment: str | None) -> None:
    """Bring deleted runs back."""
    _change(say, ids, project, environment, "restored")


def _change(say: Say, given: tuple[str, ...], project: Path | None, environment: str | None, what: str) -> None:
    from ninefold.runs.records import Runs

    with home_of(project, environment) as home:
        runs, ids = Runs(home.ledger, project=home.project), [id_of(home, one) for one in given]
        work: Callable[[str], None] = runs.remove if what == "deleted" else runs.restore
        already = {id for id in ids if (runs.get(id).state == "deleted") == (what == "deleted")}
        for id in ids:
            work(id)
    so = "was deleted already" if what == "deleted" else "was not deleted"
    say.result({what: ids}, "\n".join(f"{id} {so}" if id in already else f"{what}: {id}" for id in ids))


@command("ninefold runs export runs.jsonl --where 'metrics.auc > 0.7'")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--where", default="", metavar="FILTER", help="Only runs that are like this, such as: metrics.auc > 0.7 and params.leaves = 31")
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@in_project
def export(say: Say, file: Path, where: str, experiment: str | None, project: Path | None, environment: str | None) -> None:
    """Write runs as lines of JSON, with every point of their metrics; - writes to standard output."""
    if str(file) != "-" and file.exists():
        raise ConflictError(f"{file} is there already", hint="name another file, or remove it first")
    if not file.absolute().parent.is_dir():
        raise NotFoundError(f"there is no folder {file.parent}", hint=f"make it first: mkdir -p {file.parent}; or name another file")
    with home_of(project, environment) as home:
        lines = exported(home, list(_found(home, where, experiment)))
        if str(file) == "-":
            for line in lines:
                sys.stdout.write(line + "\n")
            return
        count = _written(file, lines)
    say.result({"file": str(file), "runs": count}, f"{many(count, 'run')} written to {file}")


def _found(home: Home, where: str, experiment: str | None) -> Iterator[str]:
    from ninefold.runs.searching.asking import search

    token: str | None = None
    while True:
        page = search(home.ledger, home.project, where, experiment=experiment, limit=_PAGE, token=token)
        yield from (run.id for run in page)
        token = page.token
        if token is None:
            return


def _written(file: Path, lines: Iterable[str]) -> int:
    from ninefold.storage import durable

    count = 0

    def counted() -> Iterator[Any]:
        nonlocal count
        for line in lines:
            count += 1
            yield (line + "\n").encode()

    durable.write(file.absolute(), counted(), create=True)
    return count
