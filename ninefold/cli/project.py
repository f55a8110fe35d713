"""``new`` and ``check``: making a project, and reading it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ninefold.cli.report import Say, command, project_option, table
from ninefold.cli.target import load
from ninefold.units import many

if TYPE_CHECKING:
    pass


@command("ninefold new myproject --template flights")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--template", default="flights", show_default=True, help="Which example to begin with.")
def new(say: Say, folder: Path, template: str) -> None:
    """Make a project in FOLDER: the one file, its settings, and data to try it on."""
    from ninefold.cli.template import create, names

    files = create(folder, template)

    def text() -> None:
        for file in files:
            say.line(f"  {file}")
        say.line(f"\nnext: cd {folder} && ninefold run {template}.py")

    say.result({"files": [str(f) for f in files], "templates": names()}, text)


@command("ninefold check flights.py")
@project_option
def check(say: Say, project: Path | None, environment: str | None) -> None:
    """Read a project, resolve and check everything that can be known without touching data."""
    from ninefold.project.check import check as check_graph
    from ninefold.project.check.later import answers_nowhere, cannot_run, watches_less

    graph, settings = load(project, environment)
    warnings = check_graph(graph, settings).raise_errors().warnings
    later = [*cannot_run(graph), *answers_nowhere(graph), *watches_less(graph)]
    counts: dict[str, int] = {}
    for thing in graph.things.values():
        counts[thing.noun] = counts.get(thing.noun, 0) + 1

    def text() -> None:
        say.line(f"{graph.project}: " + ", ".join(many(n, noun) for noun, n in counts.items()))
        say.line(table(["thing", "noun", "where"], [[n, t.noun, graph.place(n)] for n, t in graph.things.items()]))
        for warning in warnings:
            say.line(f"warning: {warning}", fg="yellow")
            if warning.hint:
                say.line(f"  {warning.hint}")
        for error in later:
            say.line(f"not in this release: {error}", fg="yellow")
            if error.hint:
                say.line(f"  {error.hint}")
        say.line("\neverything that can be known without data is right", fg="green")

    told = {"warnings": [str(w) for w in warnings], "not_yet": [str(e) for e in later]}
    say.result({"project": graph.project, "things": {n: t.noun for n, t in graph.things.items()}, **told}, text)
