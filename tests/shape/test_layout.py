"""The shape of the repository: short files, speaking names, documented names, nothing of one machine, locks without addresses."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "ninefold").rglob("*.py"))
LONGEST = 400
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "misc", "shared", "lib"}
TEXT = {".py", ".md", ".toml", ".txt", ".sql", ".j2", ".html", ".css", ".js", ".json", ".yml", ".yaml", ".cfg", ""}
# folders of people's machines (Ada's is an example's), and hosts of one network
MACHINE = re.compile(r"(?<![\w.}])/(?:home|Users)/(?!ada\b|user\b)\w|(?<![\w.}])/(?:work|root)/\w|://[^/\s\"']*\.(?:internal|local|lan|corp)\b")


def tracked() -> list[Path]:
    try:
        found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git does not say which files are tracked here")
    return [ROOT / name for name in found if name and (ROOT / name).is_file()]


def test_no_file_is_too_long_to_be_read() -> None:
    code = [*PACKAGE, *(p for folder in ("tests", "scripts", "benchmarks", "docs") for p in (ROOT / folder).rglob("*.py"))]
    assert {p.relative_to(ROOT).as_posix(): n for p in code if (n := len(p.read_text("utf-8").splitlines())) > LONGEST} == {}


def test_every_module_has_a_name_that_says_something() -> None:
    assert [p for p in PACKAGE if p.stem in NAMELESS or p.parent.name in NAMELESS] == []


def undocumented(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    if tree.body and not ast.get_docstring(tree):
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        overload = any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)
        if not overload and not ast.get_docstring(node):
            yield node.name


@pytest.mark.parametrize("path", PACKAGE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_and_their_public_names_have_docstrings(path: Path) -> None:
    assert list(undocumented(path)) == []


def test_nothing_of_one_machine_is_in_the_repository() -> None:
    found = {}
    for path in tracked():
        if path.suffix in TEXT and path != Path(__file__):
            lines = path.read_text("utf-8", "replace").splitlines()
            hits = [f"{n}: {line.strip()[:120]}" for n, line in enumerate(lines, 1) if MACHINE.search(line)]
            if hits:
                found[path.relative_to(ROOT).as_posix()] = hits
    assert found == {}


@pytest.mark.parametrize("lock", sorted((ROOT / "locks").glob("*.txt")), ids=lambda p: p.name)
def test_locks_are_hashed_and_without_addresses(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links", text)
    packages = re.findall(r"^[A-Za-z0-9][\w.\-\[\]]*==", text, re.MULTILINE)
    assert packages
    for block in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]


def test_no_lock_with_download_addresses_is_kept() -> None:
    assert [p for p in tracked() if p.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "pylock.toml"}] == []
