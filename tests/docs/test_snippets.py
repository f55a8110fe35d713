"""Every snippet of the README and the documentation: Python runs, commands and options exist, addresses are routes, TOML parses."""

import ast
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import click
import pytest

from ninefold.cli import cli
from ninefold.project.open import OpenProject

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "reference" not in p.parts)]
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, kind: str) -> list[str]:
    return [text for info, text in BLOCK.findall(page.read_text("utf-8")) if info == kind]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=named)
def test_python_runs_from_the_first_block_to_the_last(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    for text in blocks(page, "python"):
        exec(compile(text, f"{page.name}", "exec"), vars(module))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python notest")], ids=named)
def test_what_is_only_shown_names_what_exists(page: Path) -> None:
    for text in blocks(page, "python notest"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "project":
                assert hasattr(OpenProject, node.attr), node.attr


def commands() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for text in blocks(page, "console"):
            for line in text.splitlines():
                assert line.startswith("$ "), f"{named(page)}: {line}"
                yield named(page), shlex.split(line[2:], comments=True)


def said(program: str) -> list[tuple[str, list[str]]]:
    return [(page, words[1:]) for page, words in commands() if words[0] == program]


@pytest.mark.parametrize(("page", "words"), said("ninefold"), ids=lambda v: " ".join(v) if isinstance(v, list) else v)
def test_a_command_exists_with_its_options(page: str, words: list[str]) -> None:
    group: click.Command = cli
    context = click.Context(cli, info_name="ninefold")
    while isinstance(group, click.Group):
        name, command, words = group.resolve_command(context, words)
        assert command is not None, name
        group = command
    group.make_context(group.name, words, parent=context)  # parses, and runs nothing


@pytest.mark.parametrize(("page", "words"), said("make"), ids=lambda v: " ".join(v) if isinstance(v, list) else v)
def test_a_make_target_exists(page: str, words: list[str]) -> None:
    assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("page", "words"), said("curl"), ids=lambda v: v[1] if isinstance(v, list) else v)
def test_an_address_is_a_route_and_a_body_is_json(page: str, words: list[str], route_paths: set[str]) -> None:
    import json

    address = next(w for w in words if w.startswith("localhost:9009/"))
    path = urlsplit(f"http://{address}").path
    assert any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path) for known in route_paths), path
    if "-d" in words:
        json.loads(words[words.index("-d") + 1])


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "toml")], ids=named)
def test_settings_in_a_page_are_settings(page: Path) -> None:
    from ninefold import config

    for text in blocks(page, "toml"):
        table = tomllib.loads(text)["tool"]["ninefold"]
        for one in (table, *table.get("environments", {}).values()):
            assert set(one) - {"environments"} <= set(config.KEYS)


def test_only_known_kinds_of_blocks_are_used() -> None:
    for page in PAGES:
        for info, _ in BLOCK.findall(page.read_text("utf-8")):
            assert info in {"python", "python notest", "console", "toml", "text", "json"}, f"{named(page)}: {info!r}"
