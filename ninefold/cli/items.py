"""``items``: work that waits for somebody."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.clock import now
from ninefold.errors import ConflictError, NotFoundError
from ninefold.project.running import author_name

_LIST = "select * from items where project = ? order by state = 'closed', opened desc, id limit ?"
_FIND = "select * from items where project = ? and id like ?"
_CLOSE = "update items set state = 'closed', closed = ?, body = ? where id = ? and state = 'open'"


@command("ninefold items list", name="list")
@click.option("--all", "closed", is_flag=True, help="Closed ones too.")
@in_project
def list_(say: Say, closed: bool, project: Path | None, environment: str | None) -> None:
    """What waits for whom, since when."""
    with home_of(project, environment) as home:
        found = [_item(row) for row in home.ledger.all(_LIST, home.project, 1000)]
    found = [item for item in found if closed or item["state"] == "open"]
    rows = [[i["id"], i["state"], i["waits_for"], when(i["opened"]), i["title"]] for i in found]
    say.result(found, table(["item", "state", "waits for", "since", "what"], rows) if rows else "nothing waits for anybody")


@command("ninefold items close 0199c1f2 --because 'better features are in the file'")
@click.argument("item")
@click.option("--because", required=True, help="What was done; it goes into the fact.")
@in_project
def close(say: Say, item: str, because: str, project: Path | None, environment: str | None) -> None:
    """Close an item: by its id, or the first characters of it."""
    with home_of(project, environment) as home:
        rows = home.ledger.all(_FIND, home.project, f"{item.replace('%', '')}%")
        if len(rows) != 1:
            what = f"{len(rows)} items begin" if rows else "there is no item that begins"
            raise NotFoundError(f'{what} with "{item}"', hint="ninefold items list")
        one, who = _item(rows[0]), author_name()
        if one["state"] == "closed":
            raise ConflictError(f'the item "{one["title"]}" was closed {when(one["closed"])}')
        at = now()
        body = {**one["body"], "because": because, "by": who}

        def write(tx: Any) -> None:
            tx.execute(_CLOSE, at, msgspec.json.encode(body).decode(), one["id"])
            told = {"item": one["id"], "title": one["title"], "because": because, "by": who}
            tx.fact("item.closed", one["subject"] or f"{home.project}/item/{one['id']}", told)

        home.ledger.write(write)
    say.result({**one, "state": "closed", "closed": at, "body": body}, f"closed: {one['title']}")


items = noun("items", "Work items: what waits for whom.", list_, close)


def _item(row: Any) -> dict[str, Any]:
    return {**dict(row), "body": msgspec.json.decode(row["body"])}
