"""Every block of code in the README and the documentation is run as a reader would run it, or says why not; and then still names what exists."""

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from reader import DOCS, PAGES, Block, Reader, blocks, named

from ninefold.cli import cli

FLIGHTS = {PAGES[0], DOCS / "quickstart.md"}  # make the project of the flights, and run it
FROM_NOTHING = {DOCS / "howto" / name for name in ("csv.md", "sql.md", "settings.md", "track.md")}  # a project and data of their own


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "empty"
    folder.mkdir()
    return Reader(folder, monkeypatch)


def others() -> Iterator[Any]:
    for page in PAGES:
        if page not in FLIGHTS and page.name != "nine-stages.md":  # which is the shop
            yield pytest.param(page, id=named(page), marks=[pytest.mark.slow] if page.name == "replay.md" else [])


@pytest.mark.parametrize("page", list(others()))
def test_a_page_runs_from_its_first_block_to_its_last(page: Path, reader: Reader, shop: Path) -> None:
    """In the shop of the nine stages, or from nothing."""
    if page not in FROM_NOTHING:
        reader.folder = Path(shutil.copytree(shop, reader.folder.parent / "shop"))
    if page.name == "items.md":
        somebody_is_asked(reader.folder)
    reader.follow(page)


def somebody_is_asked(folder: Path) -> None:
    """As a monitor would ask after days of production."""
    from ninefold import config
    from ninefold.project.home import Home
    from ninefold.workflow.items import open_item

    with Home(config.load(folder), "shop") as home:
        home.ledger.write(lambda tx: open_item(tx, "shop", "Better features are needed", waits_for="shop", subject="shop/endpoint/desk", at=0))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", sorted(FLIGHTS), ids=named)
def test_a_page_about_the_flights_runs(page: Path, reader: Reader, capsys: Any) -> None:
    reader.follow(page)


def shown() -> Iterator[tuple[Path, Block]]:
    for page in PAGES:
        for block in blocks(page):
            yield page, block


def test_a_block_is_of_a_known_kind_and_runs_or_says_why_not() -> None:
    for page, (kind, told, text) in shown():
        assert kind in {"python", "console", "toml", "text", "json"}, f"{named(page)}: {kind!r}\n{text}"
        if kind in {"text", "json"}:
            assert not told
            if kind == "json":
                json.loads(text)
        else:
            assert re.fullmatch(r"|exits [12]|not run: \w.{14,}", told), f"{named(page)}: {told!r}"


def commands() -> list[tuple[str, list[str]]]:
    return [(named(page), words) for page, block in shown() if block.kind == "console" for words in block.commands]


def said(program: str) -> list[tuple[str, list[str]]]:
    return [(page, words[1:]) for page, words in commands() if words[0] == program]


@pytest.mark.parametrize(("page", "words"), list(said("ninefold")), ids=lambda v: shlex.join(v) if isinstance(v, list) else v)
def test_a_command_exists_with_its_options(page: str, words: list[str]) -> None:
    group: click.Command = cli
    context = click.Context(cli, info_name="ninefold")
    while isinstance(group, click.Group):
        name, command, words = group.resolve_command(context, words)
        assert command is not None, name
        group = command
    group.make_context(group.name, words, parent=context)  # parses, and runs nothing


@pytest.mark.parametrize(("page", "words"), list(said("curl")), ids=lambda v: address(v) if isinstance(v, list) else v)
def test_an_address_is_a_route_and_a_body_is_json(page: str, words: list[str], routes: set[tuple[str, str]]) -> None:
    path = urlsplit(f"http://{address(words)}").path
    method = words[words.index("-X") + 1] if "-X" in words else "PUT" if "-T" in words else "POST" if "-d" in words else "GET"
    assert any(method == known and re.fullmatch(pattern(template), path) for known, template in routes), f"{method} {path}"
    if "-d" in words and not (body := words[words.index("-d") + 1]).startswith("@"):  # a file is a block of its own
        json.loads(body)


def address(words: list[str]) -> str:
    return next(w for w in words if w.startswith("localhost:9009/"))


def pattern(template: str) -> str:
    return re.sub(r"\{\w+(:path)?\}", lambda found: ".+" if found[1] else "[^/]+", template)


def test_settings_in_a_page_are_settings() -> None:
    from ninefold import config

    for _, block in shown():
        if block.kind == "toml":
            table = tomllib.loads(block.text)["tool"]["ninefold"]
            for one in (table, *table.get("environments", {}).values()):
                assert set(one) - {"environments"} <= set(config.KEYS)
