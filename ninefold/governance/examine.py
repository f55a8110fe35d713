"""What is wrong with a home as a whole: the ledger's own examination, and whether lake, bundles and frozen code are what facts say.

Looking changes nothing: the lake's log is read as it lies, because opening a table would mend it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec

from ninefold.bundles.manifest import verified
from ninefold.errors import CorruptError, NinefoldError
from ninefold.ledger import doctor
from ninefold.ledger.doctor import Finding
from ninefold.project.home import Home
from ninefold.project.live.freeze import thaw

_ENTRY = re.compile(r"(\d{20})\.json")
_RESTORE = "bring back a backup: ninefold restore"
_REFS = "select project, name, content, ref from steps where ref like '%\"table\"%' and ref like '%\"version\"%' order by at"


def examine(home: Home, *, deep: bool = False) -> list[Finding]:
    """Everything that is wrong, errors first. ``deep`` also reads every stored content again."""
    found = doctor.examine(home.settings.home, deep=deep, anchors=home.settings.anchor, url=_url(home), blobs=home.settings.artifacts)
    if not any(f.severity == "error" and f.where.endswith("ledger.db") for f in found):
        try:
            found += [*_lake(home), *_bundles(home), *_frozen(home)]
        except NinefoldError as error:  # a ledger that cannot be read has been told above
            found.append(Finding(severity="error", where=error.where, what=error.message, do=error.hint))
    return sorted(found, key=lambda finding: finding.severity)


def _url(home: Home) -> str | None:
    """The ledger's URL where it does not lie in the home."""
    own = f"sqlite:///{home.settings.home / 'ledger.db'}"
    return None if home.settings.ledger == own else home.settings.ledger


class _Log(msgspec.Struct):
    """A table's log as it lies: newest version, content digest by version, live files with their sizes, every file ever named."""

    newest: int = -1
    digests: dict[int, str] = {}
    live: dict[str, int] = {}
    named: set[str] = set()


def _lake(home: Home) -> Iterator[Finding]:
    """Versions that steps recorded against those that the lake has; files lost, cut, or named by nobody."""
    place = home.settings.lake.removeprefix("file://")
    if "://" in place:
        return  # elsewhere: reading it costs requests, and its store checks its own bytes
    root = Path(place)
    told: dict[str, dict[int, tuple[str, str]]] = {}
    for row in home.ledger.all(_REFS):
        ref = msgspec.json.decode(row["ref"])
        told.setdefault(f"{row['project']}/{ref['table']}", {})[ref["version"]] = (row["name"], row["content"])
    for name, versions in sorted(told.items()):
        yield from _compared(root / name, name, versions)
    for log in sorted(root.glob("**/_delta_log")):
        yield from _data(log.parent, log.parent.relative_to(root).as_posix())


def _compared(folder: Path, name: str, versions: dict[int, tuple[str, str]]) -> Iterator[Finding]:
    """The versions of one table, as steps recorded them, against its log."""
    newest = max(versions)
    step = versions[newest][0]
    if not (folder / "_delta_log").is_dir():
        why = "it was removed, or never copied here"
        yield Finding(severity="error", where=name, what=f"the lake has no such table, and {step} wrote version {newest} of it", why=why, do=_RESTORE)
        return
    log = _read(folder)
    if log.newest < newest:
        what = f"the lake has version {log.newest}, and {step} wrote version {newest}"
        yield Finding(severity="error", where=name, what=what, why="commits were lost", do=_RESTORE)
    for version, (step, content) in versions.items():
        # a step may name its output by more than its rows; then nothing is compared
        if step.startswith(("table/", "questions/", "training/")) and log.digests.get(version, content) != content:
            what = f"version {version} has other rows than {step} wrote"
            yield Finding(severity="error", where=name, what=what, why="the log was changed outside of ninefold", do=_RESTORE)


def _read(folder: Path) -> _Log:
    log = _Log()
    for path in sorted(p for p in (folder / "_delta_log").iterdir() if _ENTRY.fullmatch(p.name)):
        try:
            actions = [msgspec.json.decode(line) for line in path.read_bytes().splitlines() if line]
        except msgspec.DecodeError:
            continue  # a torn entry was never acknowledged; the next opening sets it aside
        if actions:
            log.newest = int(path.stem)
        for action in actions:
            if "add" in action:
                name = unquote(action["add"]["path"])
                log.live[name] = action["add"]["size"]
                log.named.add(name)
            elif "remove" in action:
                log.live.pop(unquote(action["remove"]["path"]), None)
            elif digest := action.get("commitInfo", {}).get("ninefold", {}).get("digest"):
                log.digests[int(path.stem)] = digest
    return log


def _data(folder: Path, name: str) -> Iterator[Finding]:
    log = _read(folder)
    for file, size in sorted(log.live.items()):
        path = folder / file
        if not path.is_file():
            yield Finding(severity="error", where=f"{name}/{file}", what="the newest version names a file that is gone", do=_RESTORE)
        elif path.stat().st_size != size:
            what = f"the file has {path.stat().st_size} bytes, the log says {size}"
            yield Finding(severity="error", where=f"{name}/{file}", what=what, why="it was cut short, or changed outside of ninefold", do=_RESTORE)
    if orphans := [p for p in folder.glob("*.parquet") if p.name not in log.named]:
        size = sum(p.stat().st_size for p in orphans)
        yield Finding(
            severity="warning",
            where=name,
            what=f"{len(orphans)} data files ({size:,} bytes) belong to no version",
            why="a writer was killed before its commit",
            do="they harm nothing; delete them when no run is on its way: " + orphans[0].name,
        )


def _bundles(home: Home) -> Iterator[Finding]:
    """Every version's bundle, with the bytes that its digest says."""
    for row in home.ledger.all("select project, model, version, bundle from versions order by project, model, version"):
        folder = home.path("bundles", row["bundle"])
        try:
            verified(folder, row["bundle"])
        except CorruptError as error:
            where = f"{row['project']}/model/{row['model']}@{row['version']}"
            yield Finding(severity="error", where=where, what=f"its bundle: {error}", do=_RESTORE)
    for folder in sorted(home.path("bundles").glob("new-*")):
        yield Finding(severity="warning", where=str(folder), what="an unfinished bundle", why="its maker was killed", do="delete it")


def _frozen(home: Home) -> Iterator[Finding]:
    """Every deployment's frozen code."""
    digests = dict.fromkeys(f.body["digest"] for f in home.ledger.facts(kind="deploy.frozen"))
    for digest in digests:
        try:
            thaw(home, digest)
        except (NinefoldError, FileNotFoundError) as error:
            yield Finding(severity="error", where=f"frozen/{digest[:12]}", what=str(error), do="deploy again: ninefold deploy ENDPOINT")
