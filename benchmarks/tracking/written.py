"""The table of figures in the documents that show it: all of them from one run, none by hand."""

from collections.abc import Sequence
from pathlib import Path

from line import Line

ROOT = Path(__file__).parent.parent.parent
_BEGIN, _END = "<!-- tracking-figures -->\n", "<!-- /tracking-figures -->"
_FIRST = (
    "log one metric, 8 clients",
    "create a run, 8 clients",
    "log-batch of 1,000, 8 clients: CPU",
    "1,000 files of 10 kB",
    "search of",
    "a history",
    "start",
    "memory at rest",
)


def write(lines: Sequence[Line]) -> None:
    """Puts the table between the marks of each document: everything beside the scripts, less where fewer figures tell more."""
    _put(ROOT / "benchmarks" / "README.md", lines, aims=True)
    beside = [line for line in lines if "1 client:" not in line.what and "floor" not in line.what]
    _put(ROOT / "docs" / "howto" / "mlflow.md", beside)
    _put(ROOT / "README.md", [line for line in beside if line.what.startswith(_FIRST)])


def _put(path: Path, lines: Sequence[Line], aims: bool = False) -> None:
    head = ["| what | ninefold | mlflow | times |", "| --- | --- | --- | --- |"]
    rows = [f"| {line.what} | {line.ours} | {line.peer} | {line.ratio:,.1f} |" for line in lines]
    if aims:
        head = [f"{head[0]} aim |", f"{head[1]} --- |"]
        rows = [f"{row} {line.aim} |" for row, line in zip(rows, lines, strict=True)]
    text = path.read_text("utf-8")
    before, found, rest = text.partition(_BEGIN)
    _, ends, after = rest.partition(_END)
    if not found or not ends:
        raise SystemExit(f"{path} has no marks {_BEGIN.strip()} … {_END}")
    path.write_text(before + _BEGIN + "\n".join([*head, *rows]) + f"\n{_END}" + after, "utf-8")
