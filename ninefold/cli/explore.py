"""``explore``: what a person would want to know first about the data, and the lines to accept."""

from pathlib import Path

import click
import msgspec

from ninefold.cli.report import Say, command, project_option, table
from ninefold.cli.target import target_of
from ninefold.cli.times import when
from ninefold.project.home import Home

TITLES = {
    "leak": "Leaks: columns that tell more than was known",
    "segment": "Segments where the model fails on its test span (intervals by day, corrected)",
    "drift": "Columns that moved between the older and the newer half of the days (corrected for all columns)",
    "belief": "Beliefs worth testing: they are found on these rows, a test needs newer ones",
}


@command("ninefold explore")
@project_option
@click.option("--most", type=click.IntRange(1, 1000), default=8, show_default=True, help="How many of each kind are shown.")
def explore(say: Say, project: Path | None, environment: str | None, most: int) -> None:
    """Profile every table that there is, as the last run saw it; find leaks, drifts and segments that fail; propose hypotheses."""
    from ninefold.project.explaining.exploring import explore as look

    settings, name, _, graph_of = target_of(project, environment)
    graph = graph_of()
    with Home(settings, name) as home:
        found = look(graph, home)

    def text() -> None:
        say.line(f"{name} as of {when(found.as_of)}", bold=True)
        rows = [[t["name"], f"{t['rows']:,}", t["columns"], _nulls(t["nulls"])] for t in found.tables]
        say.line(table(["table", "rows", "columns", "missing"], rows, right=[1, 2]))
        if found.missing:
            names = ", ".join(f'"{name}"' for name in found.missing)
            say.line(f"not made yet, so not looked at: {names}; `ninefold run` makes {'it' if len(found.missing) == 1 else 'them'}", fg="yellow")
        for kind, title in TITLES.items():
            mine = [f for f in found.findings if f.kind == kind]
            if mine:
                say.line(f"\n{title}", bold=True)
            for one in mine[:most]:
                say.line(f"  {one.text}", fg="red" if kind == "leak" else None)
            if len(mine) > most:
                say.line(f"  and {len(mine) - most} more: --most {len(mine)}", dim=True)
        lines = list(dict.fromkeys(f.code for kind in TITLES for f in [f for f in found.findings if f.kind == kind and f.code][:most]))
        if lines:
            say.line("\nLines to take into the file", bold=True)
            for line in lines:
                say.line(f"  {line}")

    say.result(msgspec.to_builtins(found), text)


def _nulls(nulls: dict[str, float]) -> str:
    worst = sorted(nulls.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{c} {share:.1%}" for c, share in worst)
