"""``import``: bring over what another tracker holds."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from ninefold import config
from ninefold.cli.noun import noun
from ninefold.cli.report import DONE, FAILED, Say, command, table
from ninefold.cli.visible import visible
from ninefold.config import Settings
from ninefold.errors import HeldError, UsageError
from ninefold.ledger.roles import Role
from ninefold.project.home import Home
from ninefold.runs.meant import checked_name, meant
from ninefold.storage.durable import make_folder
from ninefold.units import many

if TYPE_CHECKING:
    from ninefold.protocols.mlflow.importing.source import Skipped
    from ninefold.protocols.mlflow.importing.verify import Row

_SHOWN = 20  # skipped things that are named one by one


class Progress:
    """How far it is: one line that is written over on a terminal, a plain line now and then elsewhere, events for programs."""

    def __init__(self, say: Say, total: int | None) -> None:
        self._say, self._total, self._done = say, total, Counter[str]()
        self._live = sys.stderr.isatty() and not say.json
        self._every, self._last = (0.1, 0.0) if self._live else (5.0, time.monotonic())
        self._turn = threading.Lock()

    def __call__(self, kind: str, points: int) -> None:
        with self._turn:
            self._done[kind] += 1
            self._done["points"] += points
            if time.monotonic() - self._last < self._every:
                return
            self._last = time.monotonic()
            if self._say.json:
                self._say.event("import", **self._done)
            else:
                click.echo(f"\r\x1b[K{self._line()}" if self._live else self._line(), err=True, nl=not self._live)

    def end(self) -> None:
        """Takes the line away."""
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _line(self) -> str:
        runs = self._done["runs"]
        share = min(runs / self._total, 1.0) if self._total else 0.0
        bar = f"{'#' * round(24 * share):<24} " if self._total else ""
        of = f" of {self._total:,}" if self._total else ""
        return f"{bar}{runs:,}{of} runs, {self._done['points']:,} points, {self._done['files']:,} files"


@command("ninefold import mlflow ./mlruns", name="mlflow")
@click.argument("source")
@click.option("--artifacts", multiple=True, metavar="DIR", help="A folder, or s3://bucket/prefix, that artifacts may be read from. Repeatable.")
@click.option("--no-artifacts", is_flag=True, help="Leave the artifacts where they are.")
@click.option("--prefix", default="", metavar="TEXT", help="What stands before the names of experiments and models: old-")
@click.option("--to", metavar="PROJECT", help="The project that it goes into (default: this one).")
@click.option("--workspace", default="default", metavar="NAME", help="Which workspace of a database.")
@click.option("--dry-run", is_flag=True, help="Count what there is, and bring nothing.")
@click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")
def mlflow(
    say: Say,
    source: str,
    artifacts: tuple[str, ...],
    no_artifacts: bool,
    prefix: str,
    to: str | None,
    workspace: str,
    dry_run: bool,
    environment: str | None,
) -> int:
    """Bring over everything that the MLflow at SOURCE holds: a server's address, its database's URL, or an mlruns folder.

    Experiments, runs with whole histories, artifacts, logged models and the registry. Ids of runs stay what they are. It can be
    stopped anywhere: the same command goes on, and doubles nothing. At the end all of it is read back and compared; exit code 1
    where something differs or was left out.
    """
    from ninefold.protocols.mlflow.importing.bring import Import
    from ninefold.protocols.mlflow.importing.open import open_source
    from ninefold.protocols.mlflow.importing.verify import bring
    from ninefold.runs.artifacts import Files

    if no_artifacts and artifacts:
        raise UsageError("--artifacts and --no-artifacts were both given", hint="give one of them")
    if to is not None:
        checked_name(to)
    with closing(open_source(source, artifacts=artifacts, with_files=not no_artifacts and not dry_run, workspace=workspace)) as opened:
        counted = opened.counts()
        if dry_run:
            say.result({"there": counted}, table(["kind", "there"], [[kind, f"{n:,}"] for kind, n in counted.items()], right=[1]))
            return DONE
        settings = config.load(None, environment)
        with _alone(settings), Home(settings, to or "") as home:
            home.project = to or meant(home.ledger, settings.project)
            progress = Progress(say, counted.get("runs"))
            bringing = Import(opened, Files(home.ledger, home.blobs, home.project), prefix=prefix, artifacts=not no_artifacts, progress=progress)
            try:
                rows = bring(bringing)
            finally:
                progress.end()
            project = home.project
    differ = sum(row.differ for row in rows)
    value = {
        "project": project,
        "brought": bringing.brought,
        "kinds": msgspec.to_builtins(rows),
        "differ": differ,
        "skipped": [{"what": s.what, "why": s.why} for s in opened.skipped],
    }
    say.result(value, lambda: _told(say, rows, opened.skipped, f"{many(bringing.brought, 'thing')} brought into the project {project}"))
    return FAILED if differ or opened.skipped else DONE


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One import at a time: what each of them finds here would change under the other's hands."""
    make_folder(settings.home, mode=0o700)
    with ExitStack() as held:
        try:
            held.enter_context(Role(settings.home, "import").hold("ninefold import"))
        except HeldError as error:
            hint = "wait until it ends, then call this again: what is here by then is not brought twice"
            raise HeldError("another import is going on", hint=hint, where=str(settings.home)) from error
        yield


import_ = noun("import", "Import: bring over what another tracker holds.", mlflow)


def _told(say: Say, rows: "list[Row]", skipped: "list[Skipped]", first: str) -> None:
    say.line(table(["kind", "there", "here", "differ"], [[r.kind, f"{r.there:,}", f"{r.here:,}", r.differ or ""] for r in rows], right=[1, 2, 3]))
    for what, why in skipped[:_SHOWN]:
        say.line(f"left out: {visible(what)}: {visible(why)}", fg="yellow")
    if len(skipped) > _SHOWN:
        say.line(f"left out: and {len(skipped) - _SHOWN} more (--json lists them)", fg="yellow")
    same = not any(row.differ for row in rows)
    say.line(f"{first}; {'everything that was brought is the same here' if same else 'what differs: import it again, or look at both'}")
