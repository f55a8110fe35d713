"""Reads a page as a person would follow it: what its blocks of code say is done, in order, in a folder."""

import json
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from live import Live

from ninefold.cli import cli
from ninefold.cli.report import report

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(p for p in DOCS.rglob("*.md") if "reference" not in p.parts), ROOT / "benchmarks" / "README.md"]
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (\w+\.(?:py|toml))\n")
_PLACEHOLDER = re.compile(r"\b(RUN|OTHER|ITEM|PREDICTION)\b")


class Block(NamedTuple):
    """A block of code: its language, what its first line says besides, and its text."""

    kind: str
    told: str
    text: str

    @property
    def runs(self) -> bool:
        return not self.told.startswith("not run: ")

    @property
    def file(self) -> str | None:
        """The file that the block is, where its first line says so: ``# sales.py``."""
        found = _FILE.match(self.text)
        return found[1] if found else None

    @property
    def commands(self) -> list[list[str]]:
        lines = self.text.splitlines()
        assert all(line.startswith("$ ") for line in lines), self.text
        return [shlex.split(line[2:], comments=True) for line in lines]


def blocks(page: Path) -> list[Block]:
    """Every block of a page, from the first to the last."""
    return [Block(*(*info.split(" ", 1), "")[:2], text) for info, text in _BLOCK.findall(page.read_text("utf-8"))]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass
class Reader:
    """Follows a page. ``go`` is the test's monkeypatch: folder, arguments and the module "page" are taken back at its end."""

    folder: Path
    go: pytest.MonkeyPatch
    module: ModuleType = field(default_factory=lambda: ModuleType("page"))
    server: Live | None = None

    def follow(self, page: Path) -> None:
        self.go.chdir(self.folder)
        self.go.setitem(sys.modules, "page", self.module)  # classes of events look up their own module
        with ExitStack() as stack:
            for block in blocks(page):
                if block.runs:
                    self._do(block, stack)

    def _do(self, block: Block, stack: ExitStack) -> None:
        if block.file is not None:
            Path(block.file).write_text(block.text)
        if block.kind == "python":
            exec(compile(block.text, "page", "exec"), vars(self.module))
        if block.kind == "console":
            *before, last = block.commands
            for words in before:
                self._expect(0, words, stack)
            self._expect(int(block.told.removeprefix("exits ") or 0), last, stack)

    def _expect(self, code: int, words: list[str], stack: ExitStack) -> None:
        found = self._run([self._real(word) for word in words], stack)
        assert found == code, f"{shlex.join(words)} exits {found}"

    def _run(self, words: list[str], stack: ExitStack) -> int:
        program, *rest = words
        if program == "cd":
            self.go.chdir(rest[0])
            return 0
        if program == "curl":
            return self._post(rest)
        if program == "make":  # what the targets do has tests of its own
            return 0 if re.search(rf"^{rest[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) else 2
        if program == "python3":
            return subprocess.run([sys.executable, *rest], check=False, capture_output=True).returncode
        assert program == "ninefold", f"a page may say ninefold, curl, python3 and cd, not {program}"
        if rest[0] == "up":
            self.server = stack.enter_context(Live(Path.cwd(), *rest[1:]))
            return 0
        self.go.setattr(sys, "argv", words)
        return report(cli)

    def _post(self, words: list[str]) -> int:
        assert self.server is not None, "the page asks a server that it did not start: ninefold up"
        at = urlsplit("http://" + next(w for w in words if w.startswith("localhost:9009/")))
        body = words[words.index("-d") + 1] if "-d" in words else None
        status, answer = self.server.call("POST" if body else "GET", at.path, None if body is None else json.loads(body), connection="close")
        assert status == 200, answer
        return 0

    def _real(self, word: str) -> str:
        """With the ids of this home where the page writes placeholders."""
        return _PLACEHOLDER.sub(lambda found: self._id(found[0]), word)

    def _id(self, placeholder: str) -> str:
        import ninefold as nf

        with nf.open() as project:
            if placeholder == "PREDICTION":
                return str(project.predictions("desk")["id"][-1])
            if placeholder == "ITEM":
                return str(project.home.ledger.all("select id from items where state = 'open'")[0]["id"])
            # the project's own; those of scripts and of fits have their id in their subject
            runs = [fact.id for fact in project.home.ledger.facts(kind="run.started", subject=f"{project.home.project}/run")]
            return runs[0 if placeholder == "RUN" else -1]
