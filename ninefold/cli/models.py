"""``models``: versions, and the competition that each one won."""

from pathlib import Path

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.cli.why import Page, version_page
from ninefold.errors import NotFoundError, closest
from ninefold.models.records import versions
from ninefold.project.home import Home

_NAMES = "select distinct model from versions where project = ? order by model"
_OPEN = "select endpoint, model, version, state from releases where project = ? and ended is null"


@command("ninefold models list", name="list")
@in_project
def list_(say: Say, project: Path | None, environment: str | None) -> None:
    """Every version of every model: who won, what it learned from, where it answers."""
    with home_of(project, environment) as home:
        answers = {(r["model"], r["version"]): f"{r['endpoint']} ({r['state']})" for r in home.ledger.all(_OPEN, home.project)}
        made = [v for name in names(home) for v in versions(home.ledger, home.project, name)]
        verdicts = {v.subject: _verdicts(home, v.subject) for v in made}
    found = [
        {
            "model": v.model,
            "version": v.version,
            "made": v.at,
            "winner": v.body.get("winner"),
            "rows": v.body.get("rows", {}).get("everything"),
            "criteria": verdicts[v.subject],
            "answers": answers.get((v.model, v.version)),
            "bundle": v.digest,
        }
        for v in made
    ]
    rows = [
        [f"{v['model']}@{v['version']}", v["winner"], f"{v['rows'] or 0:,}", v["criteria"], when(v["made"]), v["answers"], v["bundle"][:12]]
        for v in found
    ]
    say.result(found, table(["version", "winner", "questions", "criteria on test", "made", "answers", "bundle"], rows, right=[2]))


@command("ninefold models show forecast@2")
@click.argument("version", metavar="MODEL[@VERSION]")
@in_project
def show(say: Say, version: str, project: Path | None, environment: str | None) -> None:
    """One version (default: the newest): why it won, its criteria, what it learned from."""
    from ninefold.project.explaining.reasons import why_version

    with home_of(project, environment) as home:
        model = version.partition("@")[0]
        if model not in names(home):
            raise NotFoundError(f'there is no model "{model}" with a version in {home.project}', hint=closest(model, names(home)))
        number = version if "@" in version else f"{version}@{versions(home.ledger, home.project, model)[0].version}"
        found = why_version(home, number)
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


models = noun("models", "Models: their versions, and why each one won.", list_, show, convert)


def names(home: Home) -> list[str]:
    """The models that have a version."""
    return [row["model"] for row in home.ledger.all(_NAMES, home.project)]


def _verdicts(home: Home, subject: str) -> str:
    judged = home.ledger.last("model.judged", subject)
    if judged is None:
        return "not judged"
    verdicts = [c["verdict"] for c in judged.body["criteria"]]
    return ", ".join(f"{verdicts.count(v)} {v}" for v in ("met", "not met", "not yet known") if v in verdicts)
