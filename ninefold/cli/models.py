"""``models``: versions, the competition that each one won, and those that clients registered."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.cli.why import Page, version_page
from ninefold.models.records import versions
from ninefold.models.registry import RegisteredVersion, records
from ninefold.project.home import Home
from ninefold.secret import without_password

_OPEN = "select endpoint, model, version, state from releases where project = ? and ended is null"


@command("ninefold models list", name="list")
@in_project
def list_(say: Say, project: Path | None, environment: str | None) -> None:
    """Every version of every model: who won, what it learned from, where it answers; and those that clients registered."""
    with home_of(project, environment) as home:
        answers = {(r["model"], r["version"]): f"{r['endpoint']} ({r['state']})" for r in home.ledger.all(_OPEN, home.project)}
        found = [
            {**line, "answers": answers.get((line["model"], line["version"]))}
            for name in records.names(home.ledger, home.project)
            for line in _lines(home, name)
        ]
    say.result(found, _told(found))


@command("ninefold models show forecast@2")
@click.argument("version", metavar="MODEL[@VERSION|@ALIAS]")
@in_project
def show(say: Say, version: str, project: Path | None, environment: str | None) -> None:
    """One version (default: the newest): why it won, its criteria, what it learned from; or who registered it, from where."""
    from ninefold.project.explaining.reasons import why_version

    with home_of(project, environment) as home:
        found = why_version(home, version)
    say.result(msgspec.to_builtins(found), lambda: version_page(Page(say), found))


@command("ninefold models convert models:/churn/3 --trust")
@click.argument("what", metavar="models:/NAME/VERSION|runs:/RUN/PATH|FOLDER")
@click.option("--trust", is_flag=True, help="Reading a pickle runs the code that is in it: say that you trust who made it.")
@click.option("--to", type=click.Choice(["lightgbm", "xgboost", "onnx"]), help="The format (default: the library's own, else onnx).")
@click.option("--rows", type=click.Path(path_type=Path), help="Rows to compare on: CSV, JSON, Parquet (default: the logged example, else made up).")
@click.option("--name", help="The model to register it under (default: the same).")
@in_project
def convert(
    say: Say, what: str, trust: bool, to: str | None, rows: Path | None, name: str | None, project: Path | None, environment: str | None
) -> None:
    """Convert a pickled model into a format that runs no code, and register it as a new version."""
    from ninefold.project.live.converting import convert as converted

    with home_of(project, environment) as home:
        made, compared = converted(home, what, trust=trust, name=name, to=to or "", rows=rows)
    kind = "rows" if compared.real else "made-up rows"
    told = f"{made.name}@{made.version} answers as {what} does, as {compared.format}: off by at most {compared.worst:.2g} on {compared.rows:,} {kind}"
    value = {"name": made.name, "version": made.version, **msgspec.to_builtins(compared)}
    say.result(value, f'{told}\nnext: nf.Endpoint("models:/{made.name}/{made.version}")')


models = noun("models", "Models: their versions, why each one won, and who registered the others.", list_, show, convert)


def _lines(home: Home, name: str) -> list[dict[str, Any]]:
    made = {v.version: v.body for v in versions(home.ledger, home.project, name)}
    return [_line(home, one, made.get(one.version, {}) if one.own else {}) for one in records.of(home.ledger, home.project, name)]


def _line(home: Home, one: RegisteredVersion, body: dict[str, Any]) -> dict[str, Any]:
    """A version; what only one of the project's own has is None for one that a client registered, and the other way round."""
    return {
        "model": one.name,
        "version": one.version,
        "made": one.created,
        "winner": body.get("winner"),
        "rows": body.get("rows", {}).get("everything"),
        "criteria": _verdicts(home, one.subject) if one.own else None,
        "bundle": one.bundle,
        "registered": not one.own,
        "source": None if one.own else without_password(one.source),
        "run": one.run,
        "by": None if one.own else one.actor,
        "aliases": one.aliases,
        "stage": one.stage,
        "description": one.description,
    }


def _told(found: list[dict[str, Any]]) -> str:
    if not found:
        return "no model yet: run a project, or register one with an MLflow client"
    own, theirs = [v for v in found if not v["registered"]], [v for v in found if v["registered"]]
    won = [
        [f"{v['model']}@{v['version']}", v["winner"], f"{v['rows'] or 0:,}", v["criteria"], when(v["made"]), v["answers"], v["bundle"][:12]]
        for v in own
    ]
    came = [
        [
            f"{v['model']}@{v['version']}",
            ", ".join(v["aliases"]),
            v["stage"] if v["stage"] != "None" else "",
            when(v["made"]),
            v["source"],
            (v["run"] or "")[:13],
            v["answers"],
            v["description"],
        ]
        for v in theirs
    ]
    tables = [
        table(["version", "winner", "questions", "criteria on test", "made", "answers", "bundle"], won, right=[2]) if own else "",
        table(["registered", "aliases", "stage", "when", "from", "run", "answers", "description"], came) if theirs else "",
    ]
    return "\n\n".join(filter(None, tables))


def _verdicts(home: Home, subject: str) -> str:
    judged = home.ledger.last("model.judged", subject)
    if judged is None:
        return "not judged"
    verdicts = [c["verdict"] for c in judged.body["criteria"]]
    return ", ".join(f"{verdicts.count(v)} {v}" for v in ("met", "not met", "not yet known") if v in verdicts)
