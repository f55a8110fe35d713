"""Nothing public is without documentation: names, commands, settings, routes, error codes, examples; links lead somewhere."""

import doctest
import re
from pathlib import Path
from types import ModuleType

import click
import polars as pl
import pytest

import ninefold as nf
from ninefold import config
from ninefold.errors import DataError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
MARKDOWN = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md", *sorted(DOCS.rglob("*.md"))]


def test_the_reference_says_what_the_code_says(generate: ModuleType) -> None:
    for name, text in generate.pages().items():
        assert (REFERENCE / name).read_text("utf-8") == text, f"docs/reference/{name} is stale: make docs"


@pytest.mark.parametrize("name", nf.__all__)
def test_a_public_name_is_documented(name: str) -> None:
    text = (REFERENCE / "python.md").read_text("utf-8")
    section = text.split(f"\n### nf.{name}\n", 1)[1].split("\n### ", 1)[0]
    assert re.sub(r"```python.*?```", "", section, flags=re.DOTALL).strip(), f"nf.{name} has no docstring"


def test_every_command_is_documented_with_an_example(generate: ModuleType) -> None:
    from ninefold.cli import cli

    text = (REFERENCE / "commands.md").read_text("utf-8")
    for name, command in generate.all_commands(cli):
        if isinstance(command, click.Group):
            continue  # its commands have examples
        section = text.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        assert "Example: ninefold" in section, name


def test_every_announced_command_exists(generate: ModuleType) -> None:
    from ninefold.cli import COMMANDS, cli

    assert {name.split()[1] for name, _ in generate.all_commands(cli)} == set(COMMANDS)


def test_every_setting_is_documented() -> None:
    text = (REFERENCE / "settings.md").read_text("utf-8")
    assert all(f"| `{key}` |" in text for key in config.KEYS)


def test_every_route_and_page_is_documented(generate: ModuleType) -> None:
    text = (REFERENCE / "routes.md").read_text("utf-8")
    for route in generate.route_table():
        # MLflow's are in the table of howto/mlflow.md, which is generated too
        assert route.speaks == "mlflow" or f"`{route.method} {route.path}` | " in text
        assert route.summary, f"{route.method} {route.path} has no summary"


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if path.startswith(("http://", "https://", "mailto:")):
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} → {target}"
        if anchor:
            assert anchor in {slug(h) for h in re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)}, target


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_every_page_can_be_reached_from_the_index() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        waiting += [(page.parent / t).resolve() for t in targets if not t.startswith("http") and (page.parent / t).exists()]
    assert set(MARKDOWN) <= seen, sorted(p.name for p in set(MARKDOWN) - seen)


def test_the_readme_opens_with_the_one_file_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.startswith("# ninefold\n\n```console\n$ make demo\n$ make test\n```\n")
    assert (ROOT / "examples" / "flights.py").read_text("utf-8") in readme


def test_every_stage_has_its_section() -> None:
    headings = re.findall(r"^## \d · (\w+)$", (DOCS / "nine-stages.md").read_text("utf-8"), re.MULTILINE)
    assert headings == ["Problem", "Sources", "Tables", "Metrics", "Hypotheses", "Features", "Model", "Endpoint", "Monitor"]


def test_every_decision_is_listed_and_whole() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text("utf-8")
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        text = page.read_text("utf-8")
        assert page.name in listed
        assert all(f"**{word}.**" in text for word in ("Decided", "Why", "Refused", "Costs")), page.name


def test_the_nine_stages_of_the_page_are_a_project_that_runs(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    with nf.open() as project:
        judged = {fact.subject: fact.body for fact in project.home.ledger.facts(kind=["model.judged", "hypothesis.tested"])}
    assert [c["verdict"] for c in judged["shop/model/forecast@1"]["criteria"]] == ["met", "met"]
    assert judged["shop/hypothesis/habits"]["verdict"] == "supported"


def test_what_the_page_says_is_recorded_are_kinds_of_facts() -> None:
    text = (DOCS / "nine-stages.md").read_text("utf-8")
    kinds = set(
        re.findall(
            r"`((?:project|policy|problem|source|table|model|hypothesis|deploy|release|canary|monitor|alert|incident|retrain|item)\.\w+)`", text
        )
    )
    code = "".join(p.read_text("utf-8") for p in (ROOT / "ninefold").rglob("*.py"))
    assert len(kinds) > 15
    assert [kind for kind in kinds if f'"{kind}"' not in code] == []


def test_every_public_name_has_an_example_and_all_of_them_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Values have no docstring that doctest would find: here the reference itself is run, as one session for each name."""
    monkeypatch.chdir(tmp_path)
    text = (REFERENCE / "python.md").read_text("utf-8")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    without = []
    for section in re.split(r"\n####? ", text)[1:]:
        name = section.split("\n", 1)[0]
        examples = "\n".join(re.findall(r"^```pycon\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))
        if not examples and name.count(".") == 1:  # methods may do without
            without.append(name)
        said: list[str] = []
        given = {"pl": pl, "DataError": DataError, "NinefoldError": nf.NinefoldError}  # what their modules have imported
        runner.run(doctest.DocTestParser().get_doctest(examples, given, name, None, None), out=said.append)
        assert not said, f"{name}\n{''.join(said)}"
    assert without == []
