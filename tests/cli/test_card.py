"""``ninefold card``: Markdown, HTML, JSON, files; wrong names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_card_is_markdown_on_the_terminal(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    said = ninefold("card", "forecast", at=tiny_project)
    assert said.code == 0
    assert said.out.startswith("# Model card: forecast@1\n")


def test_html_goes_to_a_file(ninefold: Callable[..., Any], tiny_project: Path, tmp_path: Path) -> None:
    said = ninefold("card", "forecast@1", "--html", "--out", tmp_path / "card.html", at=tiny_project)
    assert said.code == 0
    assert (tmp_path / "card.html").read_text().startswith("<!doctype html>")


def test_programs_get_the_document(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    found = json.loads(ninefold("card", "forecast@1", "--json", at=tiny_project).out)
    assert found["title"] == "Model card: forecast@1"
    assert all(len(fact["digest"]) == 64 for fact in found["facts"])


def test_the_release_report_of_an_endpoint(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    assert ninefold("card", "--release", "dispatch", at=tiny_project).out.startswith("# Release report: dispatch\n")


def test_an_unknown_model_is_named_with_those_that_there_are(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    said = ninefold("card", "forecats", at=tiny_project)
    assert said.code == 1
    assert 'no model "forecats"' in said.err
    assert "forecast" in said.err


def test_an_unknown_version_and_a_wrong_one(ninefold: Callable[..., Any], tiny_project: Path) -> None:
    assert ninefold("card", "forecast@9", at=tiny_project).code == 1
    assert ninefold("card", "forecast@x", at=tiny_project).code == 2
    assert ninefold("card", at=tiny_project).code == 2
