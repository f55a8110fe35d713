"""``tables``: versions, profiles, what changed between two versions, and what was kept out."""

from pathlib import Path
from typing import Any

import click

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.errors import NotFoundError, UsageError, closest
from ninefold.project.explaining.plain import plain_row
from ninefold.project.explaining.stored import profile_of, quarantine_of, versions_of
from ninefold.project.home import Home
from ninefold.units import many

_NAMES = "select distinct name from steps where project = ? and kind = 'table' order by name"


@command("ninefold tables list", name="list")
@in_project
def list_(say: Say, project: Path | None, environment: str | None) -> None:
    """Every table with its newest version."""
    with home_of(project, environment) as home:
        found = [{"name": name, **next(iter(versions_of(home, name)), {})} for name in names(home)]
    rows = [[f"{t['name']}@{t['version']}", f"{t['rows']:,}", t["columns"], f"{t['quarantined']:,}", t["at"][:16], t["content"][:12]] for t in found]
    say.result(found, table(["table", "rows", "columns", "quarantined", "written", "content"], rows, right=[1, 2, 3]))


@command("ninefold tables show departures")
@click.argument("name")
@in_project
def show(say: Say, name: str, project: Path | None, environment: str | None) -> None:
    """One table: its columns as the last run saw them, and its versions."""
    with home_of(project, environment) as home:
        known(home, name)
        found = {"name": name, "versions": versions_of(home, name), "profile": profile_of(home, name)}

    def text() -> None:
        profile: dict[str, Any] = found["profile"]  # type: ignore[assignment]
        say.line(f"{name}: {many(profile['rows'], 'row')} as the last run saw them", bold=True)
        columns = [[c["name"], c["type"], f"{c['nulls']:,}", _distinct(c), *_span(c)] for c in profile["columns"]]
        say.line(table(["column", "type", "nulls", "distinct", "from", "to, or most frequent"], columns, right=[2, 3]))
        rows = [[v["version"], v["at"][:16], f"{v['rows']:,}", f"{v['quarantined']:,}", v["content"][:12]] for v in found["versions"]]  # type: ignore[index]
        say.line("\n" + table(["version", "written", "rows", "quarantined", "content"], rows, right=[0, 2, 3]))

    say.result(found, text)


@command("ninefold tables diff departures 3 4")
@click.argument("name")
@click.argument("first", type=int)
@click.argument("second", type=int)
@click.option("--key", "keys", multiple=True, help="The columns that identify a row (default: the key that the project declares).")
@in_project
def diff(say: Say, name: str, first: int, second: int, keys: tuple[str, ...], project: Path | None, environment: str | None) -> None:
    """What changed between two stored versions: columns, rows added and gone, values that differ."""
    from ninefold.project.explaining.difference import difference

    with home_of(project, environment) as home:
        known(home, name)
        found = difference(home, name, first, second, keys)

    def text() -> None:
        counts = f"{many(found['added'], 'row')} came, {found['gone']:,} went, {found['changed']:,} changed, {found['equal']:,} are equal"
        say.line(f"{name}@{first} → {name}@{second}: {counts}", bold=True)
        for sign, which in (("+", "columns_added"), ("-", "columns_gone")):
            for column in found[which]:
                say.line(f"{sign} column {column}")
        for change in found["types"]:
            say.line(f"~ column {change['column']}: {change['before']} → {change['after']}")
        if found["columns"]:
            say.line(table(["column", "rows that differ"], [[c["column"], f"{c['rows']:,}"] for c in found["columns"]], right=[1]))
        for one in found["examples"]:
            key = ", ".join(f"{c} {v}" for c, v in one["key"].items())
            say.line(f"  {key}: " + "; ".join(f"{c} {b} → {a}" for c, (b, a) in one["values"].items()), dim=True)

    say.result(found, text)


@command("ninefold tables quarantine observations")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many rows to show.")
@in_project
def quarantine(say: Say, name: str, limit: int, project: Path | None, environment: str | None) -> None:
    """The rows that the newest version keeps out, with the rule that each one breaks."""
    with home_of(project, environment) as home:
        known(home, name)
        frame = quarantine_of(home, name)
    total = frame.height
    rows = [plain_row(row) for row in frame.head(limit).to_dicts()]

    def text() -> None:
        if not total:
            say.line(f"{name} keeps no row out")
            return
        say.line(f"{total:,} {'row is' if total == 1 else 'rows are'} kept out of {name}", bold=True)
        for row in rows:
            say.line(f"  {row.pop('__reason')}: " + ", ".join(f"{c} {v}" for c, v in row.items() if v is not None))

    say.result({"name": name, "total": total, "rows": [dict(r) for r in rows]}, text)


tables = noun("tables", "Tables: their versions, profiles, differences, quarantine.", list_, show, diff, quarantine)


def names(home: Home) -> list[str]:
    """The tables that were ever made."""
    return [row["name"].partition("/")[2] for row in home.ledger.all(_NAMES, home.project)]


def known(home: Home, name: str) -> None:
    """Raises NotFoundError where there is no table of that name."""
    if "@" in name:
        raise UsageError(f'"{name}" names a version', hint=f"name the table: {name.partition('@')[0]}")
    if name not in names(home):
        raise NotFoundError(f'there is no table "{name}" in {home.project}', hint=closest(name, names(home)))


def _distinct(column: dict[str, Any]) -> str:
    return "" if column.get("distinct") is None else f"{column['distinct']:,}"


def _span(column: dict[str, Any]) -> list[str]:
    if column.get("min") is not None:
        return [_cell(column["min"]), _cell(column["max"])]
    top = column.get("top") or []
    return ["", ", ".join(f"{t['value']} ({t['count']:,})" for t in top[:3])]


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
