"""The plan of a project, stored by the digests of its files: a run in which nothing changed imports nothing of the user's."""

import os
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec

import ninefold
from ninefold.clock import now
from ninefold.engine.step import Step
from ninefold.ids import digest, digest_of
from ninefold.project.filedigests import file_digest
from ninefold.project.home import Home
from ninefold.project.parts import Known, Tick, Together, decode, encode
from ninefold.project.reading.graph import Graph

_KEEP = """insert into plans (digest, project, body, at) values (?, ?, ?, ?)
on conflict (project, digest) do update set body = excluded.body, at = excluded.at"""
_FIND = "select body from plans where project = ? and digest = ?"


def _key(main: Path, as_of: int | None) -> str:
    return digest_of([str(main.absolute()), as_of])


def keep(home: Home, main: Path, graph: Graph, steps: list[Step], as_of: int | None) -> None:
    """Store the plan of a run that ended well."""
    from ninefold.project.reading.described import describe

    variables = sorted({part[4:] for step in steps for part in _fixed(step) if part.startswith("env:")})
    body = {
        # the bytes that were read: a file that was edited during the run is another plan
        "files": {str(path): digest(data) for path, data in graph.files.items()},
        "world": _world(),
        "variables": variables,
        "values": digest_of([os.environ.get(v) for v in variables]),
        "steps": [
            {
                "name": s.name,
                "needs": s.needs,
                "kind": s.kind,
                "revision": s.revision,
                "uncacheable": s.uncacheable,
                "subject": s.subject,
                "parts": encode(s.parts),
            }
            for s in steps
        ],
        "things": describe(graph),
    }
    home.ledger.write(lambda tx: tx.execute(_KEEP, _key(main, as_of), home.project, msgspec.json.encode(body).decode(), now()))


def _fixed(step: Step) -> list[str]:
    parts = step.parts.of if isinstance(step.parts, Together) else ()
    return [name for part in parts for name, _ in getattr(part, "parts", ())]


def _world() -> list[Any]:
    """What else a plan depends on: our version, Python's, and the installed packages (a change of theirs touches the folder)."""
    folder = sysconfig.get_paths()["purelib"]
    return [ninefold.__version__, list(sys.version_info[:2]), os.stat(folder).st_mtime_ns]


def stored(home: Home, main: Path, as_of: int | None, at: int) -> list[Step] | None:
    """The steps of the stored plan, if everything that it was made from is as it was; None otherwise."""
    row = home.ledger.one(_FIND, home.project, _key(main, as_of))
    if row is None:
        return None
    body = msgspec.json.decode(row[0])
    if body["world"] != _world() or body["values"] != digest_of([os.environ.get(v) for v in body["variables"]]):
        return None
    for path, known in body["files"].items():
        if not Path(path).is_file() or file_digest(home, Path(path)) != known:
            return None
    return [_step(one, home, at) for one in body["steps"]]


def _step(one: dict[str, Any], home: Home, at: int) -> Step:
    parts = _as_of(decode(one["parts"], home), at)
    return Step(one["name"], _never, tuple(one["needs"]), parts, one["kind"], one["revision"], one["uncacheable"], subject=one["subject"])


def _as_of(part: Any, at: int) -> Any:
    """A plan without a fixed instant is asked as of now."""
    if isinstance(part, Together):
        return Together(tuple(_as_of(p, at) for p in part.of))
    return replace(part, as_of=at) if isinstance(part, (Known, Tick)) else part


def _never(needs: Any) -> NoReturn:
    raise AssertionError("a step of a stored plan is found, never run")
