"""``features``: what the groups are, and whether they are the same online as in training."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import DONE, FAILED, Say, command, table
from ninefold.cli.times import when
from ninefold.clock import micros
from ninefold.errors import NotFoundError, closest
from ninefold.project.home import Home
from ninefold.units import many


@command("ninefold features list", name="list")
@in_project
def list_(say: Say, project: Path | None, environment: str | None) -> None:
    """Every input of the newest version of each model, in words."""
    with home_of(project, environment) as home:
        found = [one for model in _models(home) for one in _inputs(home, model)]
    rows = [[f["model"], f["name"], f["says"]] for f in found]
    say.result(found, table(["model", "input", "what it is"], rows) if rows else "no model has a version yet; next: ninefold run")


@command("ninefold features check forecast --days 7")
@click.argument("model", required=False)
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True, help="How many days are replayed.")
@click.option("--until", metavar="TIME", help="Where they end (ISO 8601, UTC without an offset; default: after the newest question).")
@in_project
def check(say: Say, model: str | None, days: int, until: str | None, project: Path | None, environment: str | None) -> int:
    """Replay the last day through the online fold, and compare every value with the batch kernel's."""
    from ninefold.project.live.foldcheck import check_fold

    with home_of(project, environment) as home:
        models = [model] if model else _models(home)
        if not models:
            raise NotFoundError("no model has a version yet", hint="run the project first: ninefold run")
        if model and model not in _models(home):
            raise NotFoundError(f'there is no model "{model}" with a version', hint=closest(model, _models(home)))
        checked = [check_fold(home, one, days=days, end=micros(until, "UTC") if until else None) for one in models]

    def text() -> None:
        for one in checked:
            span = f"{when(one.start)} to {when(one.end)}"
            say.line(f"{one.model}@{one.version}: {many(one.questions, 'question')} from {span}, {many(one.rows, 'row')} through the fold", bold=True)
            say.line(table(["features", "values", "differences"], [[g.name, f"{g.values:,}", g.differences] for g in one.groups], right=[1, 2]))
            for example in one.examples:
                say.line(f"  {example['feature']} of {example['question']}: online {example['online']}, batch {example['batch']}", fg="red")
            total = sum(g.values for g in one.groups)
            say.line(f"{many(one.differences, 'difference')} in {many(total, 'value')}", fg="red" if one.differences else "green")

    say.result([{**msgspec.to_builtins(one), "differences": one.differences} for one in checked], text)
    return FAILED if any(one.differences for one in checked) else DONE


features = noun("features", "Features: what they are; online against batch.", list_, check)


def _models(home: Home) -> list[str]:
    rows = home.ledger.all("select distinct model from versions where project = ? order by model", home.project)
    return [row["model"] for row in rows]


def _inputs(home: Home, model: str) -> list[dict[str, Any]]:
    from ninefold.bundles.manifest import verified
    from ninefold.endpoints.questions import Request
    from ninefold.features.spec import GroupSpec, features_of
    from ninefold.models.records import newest
    from ninefold.project.explaining.behind import says

    made = newest(home.ledger, home.project, model)
    assert made is not None
    files = verified(home.path("bundles", made.bundle), made.digest)[1]
    found: list[dict[str, Any]] = []
    for spec in msgspec.json.decode(files["features.json"], type=list[GroupSpec]):
        group = features_of(spec)
        of = spec.table.name if spec.table is not None else ""
        found += [{"model": model, "name": f"{spec.name}.{f}", "says": says(a, group, of), "table": of} for f, a in group.aggregates]
        found += [{"model": model, "name": f"{spec.name}.{f}", "says": str(e), "table": None} for f, e in group.expressions]
    bare = msgspec.json.decode(files["request.json"], type=Request).bare
    return found + [{"model": model, "name": c, "says": "comes with the question", "table": None} for c in bare]
