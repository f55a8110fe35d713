"""Files that must last are written by storage/durable.py alone."""

import re
from pathlib import Path

import pytest

import ninefold

ROOT = Path(ninefold.__file__).parent
FORBIDDEN = re.compile(
    r"""\bopen\([^)]*["'][wax]b?\+?["']|\bos\.(rename|replace|link|truncate)\(|\.(write_text|write_bytes|rename|replace)\((?!["'])|shutil\.(move|copy2?|copytree)\("""
)
# file -> why it may open files by itself
ALLOWED = {"storage/durable.py": "it is the one way"}
FILES = [path for room in ("storage", "journal", "ledger", "lake") for path in sorted((ROOT / room).rglob("*.py"))]


def found(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if FORBIDDEN.search(line) and "structs.replace(" not in line]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_is_written_in_another_way(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() not in ALLOWED:
        assert found(path.read_text()) == []


@pytest.mark.parametrize("line", ['open(path, "wb")', "os.replace(a, b)", "path.write_bytes(data)", "path.rename(other)"])
def test_the_rule_finds(line: str) -> None:
    assert found(line) == [line]
