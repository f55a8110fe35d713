"""``items``: work that waits for somebody."""

from pathlib import Path

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.person import person
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.errors import ConflictError
from ninefold.project.live.clocks import judging_now
from ninefold.workflow.items import all_items, begins_with, close_item


@command("ninefold items list", name="list")
@click.option("--all", "closed", is_flag=True, help="Closed ones too.")
@in_project
def list_(say: Say, closed: bool, project: Path | None, environment: str | None) -> None:
    """What waits for whom, since when."""
    with home_of(project, environment) as home:
        found = [one for one in all_items(home.ledger, home.project) if closed or one.state == "open"]
    rows = [[i.id, i.state, i.waits_for, when(i.opened), i.title] for i in found]
    text = table(["item", "state", "waits for", "since", "what"], rows) if rows else "nothing waits for anybody"
    say.result(msgspec.to_builtins(found), text)


@command("ninefold items close 0199c1f2 --because 'better features are in the file'")
@click.argument("item")
@click.option("--because", required=True, help="What was done; it goes into the fact.")
@in_project
def close(say: Say, item: str, because: str, project: Path | None, environment: str | None) -> None:
    """Close an item: by its id, or the first characters of it."""
    with home_of(project, environment) as home:
        one = begins_with(home.ledger, home.project, item)
        at, who = judging_now(home), person(home)
        if not home.ledger.write(lambda tx: close_item(tx, one, at=at, why=because, by=who)):
            raise ConflictError(f'the item "{one.title}" was closed {when(one.closed)}')
    say.result({**msgspec.to_builtins(one), "state": "closed", "closed": at, "why": because, "by": who}, f"closed: {one.title}")


items = noun("items", "Work items: what waits for whom.", list_, close)
