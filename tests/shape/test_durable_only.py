"""Files that must last are written by storage/durable.py alone."""

import re
from pathlib import Path

import pytest

import ninefold

ROOT = Path(ninefold.__file__).parent
FORBIDDEN = re.compile(
    r"""\bopen\([^)]*["'][wax]b?\+?["']|\bos\.(rename|replace|link|truncate)\(|shutil\.(move|copy2?|copytree)\("""
    r"""|\.(write_text|write_bytes|rename)\(|\.replace\((?!["']|\w+, ["'])"""  # a text's replace() takes two arguments, that of a path one
)
# file -> why it may open files by itself
ALLOWED = {"storage/durable.py": "it is the one way"}
FILES = [path for room in ("storage", "journal", "ledger", "lake") for path in sorted((ROOT / room).rglob("*.py"))]


def found(text: str) -> list[str]:
    """Lines that write a file. Examples of docstrings are none of the program's."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if FORBIDDEN.search(line) and "structs.replace(" not in line and not line.startswith(">>> ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_is_written_in_another_way(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() not in ALLOWED:
        assert found(path.read_text()) == []


@pytest.mark.parametrize(
    "line", ['open(path, "wb")', "os.replace(a, b)", "path.write_bytes(data)", 'path.write_text(text, "utf-8")', "path.replace(other)"]
)
def test_the_rule_finds(line: str) -> None:
    assert found(line) == [line]


@pytest.mark.parametrize("line", ['text.replace("a", b)', 'text.replace(word, "***")', "structs.replace(row, at=0)"])
def test_the_rule_lets_texts_be(line: str) -> None:
    assert found(line) == []
