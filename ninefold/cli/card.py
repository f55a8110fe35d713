"""``card``: the model card and the release report."""

from pathlib import Path

import click
import msgspec

from ninefold.cli.report import Say, command
from ninefold.errors import UsageError
from ninefold.governance.document import Document
from ninefold.project.home import Home, open_home
from ninefold.storage.durable import write


@command("ninefold card forecast@1 --html --out forecast.html")
@click.argument("model", required=False, metavar="[MODEL[@VERSION]]")
@click.option("--release", "endpoint", metavar="ENDPOINT", help="The release report of an endpoint, instead of a model's card.")
@click.option("--html", "as_html", is_flag=True, help="HTML, in one file, instead of Markdown.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of the terminal.")
@click.option("--project", "-p", type=click.Path(path_type=Path), help="The project's file (default: the one that ran here last).")
@click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")
def card(say: Say, model: str | None, endpoint: str | None, as_html: bool, out: Path | None, project: Path | None, environment: str | None) -> None:
    """The model card of MODEL@VERSION (default: its newest version), or the release report of an endpoint.

    Written from facts only: every sentence names its facts, and what no fact says is listed as not recorded.
    """
    if (model is None) == (endpoint is None):
        raise UsageError("name a model, or an endpoint with --release", hint="ninefold card forecast@1, or: ninefold card --release desk")
    with open_home(project.absolute() if project else None, environment) as home:
        found = _found(home, model, endpoint)
    text = _text(found, as_html)
    if out is not None:
        write(out, text.encode())
    value = {**msgspec.to_builtins(found), "missing": found.missing, "file": str(out) if out else None}
    say.result(value, f"{found.title}: {out}" if out is not None else text)


def _found(home: Home, model: str | None, endpoint: str | None) -> Document:
    if endpoint is not None:
        from ninefold.governance.report import release_report

        return release_report(home, endpoint)
    from ninefold.governance.card import card as model_card

    assert model is not None
    name, _, number = model.partition("@")
    if number and not number.isdigit():
        raise UsageError(f'"{model}" names no version', hint="write MODEL@VERSION: forecast@1")
    return model_card(home, name, int(number) if number else None)


def _text(found: Document, as_html: bool) -> str:
    from ninefold.governance.render import html, markdown

    return html(found) if as_html else markdown(found)
