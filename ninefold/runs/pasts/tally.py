"""Counts and digests of a past, there and here: the same function over what was read and over what is stored."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ninefold import ids
from ninefold.ledger import Ledger, Row
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.pasts.history import PastInput, PastLink, PastModel, PastModelPoint, PastRun, PointRow

_SQL = Statements(Path(__file__).with_name("tally.sql"))
_POINT = struct.Struct("<qqdB")
_PAGE = 50_000


class Told(msgspec.Struct, frozen=True):
    """What a thing is: how many of each kind it holds, and the digest of all of it."""

    counts: dict[str, int]
    digest: str


class PointsTally:
    """The count and digest of one metric's points, given in their order.

    >>> tally = PointsTally(); tally.add([(0, 1, 0.5, 0)]); tally.add([(1, 2, 0.25, 0)])
    >>> tally.count, tally.digest()[:8]
    (2, '64f6a289')
    """

    def __init__(self) -> None:
        self.count, self._hash = 0, hashlib.sha256()

    def add(self, rows: Iterable[PointRow]) -> None:
        """The next points."""
        packed = [_POINT.pack(*row) for row in rows]
        self.count += len(packed)
        self._hash.update(b"".join(packed))

    def digest(self) -> str:
        """SHA-256 of all of them."""
        return self._hash.hexdigest()


def tell_run(past: PastRun, points: Mapping[str, PointsTally], files: Mapping[str, tuple[int, str]]) -> Told:
    """What a run is. ``files``: size and digest by path. Where its files lie does not count: that is what changes."""
    counts = {
        "params": len(past.params),
        "tags": len(past.tags),
        "metrics": len(points),
        "points": sum(tally.count for tally in points.values()),
        "inputs": len(past.inputs),
        "links": len(past.links),
        **_sizes(files),
    }
    said = [msgspec.structs.replace(past, root=""), sorted((k, t.count, t.digest()) for k, t in points.items()), sorted(files.items())]
    return Told(counts, ids.digest_of(msgspec.to_builtins(said)))


def tell_model(past: PastModel, files: Mapping[str, tuple[int, str]]) -> Told:
    """What a logged model is."""
    points = sorted((p.key, p.run, p.row, p.dataset, p.digest) for p in past.points)
    said = [msgspec.structs.replace(past, root="", points=()), points, sorted(files.items())]
    counts = {"params": len(past.params), "tags": len(past.tags), "points": len(points), **_sizes(files)}
    return Told(counts, ids.digest_of(msgspec.to_builtins(said)))


def stored_run(ledger: Ledger, project: str, experiment: int, id: str) -> Told | None:
    """What a run is here, read again; None where there is none."""
    row = ledger.one(_SQL["run"], id)
    if row is None:
        return None
    past = PastRun(
        **_columns(row),
        params=_pairs(ledger, "params", id),
        tags=_pairs(ledger, "tags", id),
        inputs=[PastInput(**{**_columns(r), "tags": msgspec.json.decode(r["tags"])}) for r in ledger.all(_SQL["inputs"], id)],
        links=[PastLink(r["model"], r["way"], r["step"]) for r in ledger.all(_SQL["links"], id)],
    )
    points = {row["key"]: _points(ledger, row["id"]) for row in ledger.all(_SQL["series"], id)}
    return tell_run(past, points, stored_files(ledger, project, f"{experiment}/{id}/artifacts"))


def stored_model(ledger: Ledger, project: str, experiment: int, id: str) -> Told | None:
    """What a logged model is here, read again."""
    row = ledger.one(_SQL["model"], id)
    if row is None:
        return None
    points = [
        PastModelPoint(key=r["key"], run=r["run"], row=(r["step"], r["at"], r["value"], r["nan"]), dataset=r["dataset"], digest=r["digest"])
        for r in ledger.all(_SQL["model_points"], id)
    ]
    past = PastModel(**_columns(row), params=_pairs(ledger, "model_params", id), tags=_pairs(ledger, "model_tags", id), points=points)
    return tell_model(past, stored_files(ledger, project, f"{experiment}/models/{id}/artifacts"))


def stored_files(ledger: Ledger, project: str, folder: str) -> dict[str, tuple[int, str]]:
    """Size and digest of the files below a folder, by their path inside of it."""
    rows = ledger.all(_SQL["files"], project, f"{folder}/", f"{folder}0")  # "0" follows "/"
    return {row["path"][len(folder) + 1 :]: (row["size"], row["digest"]) for row in rows}


def _points(ledger: Ledger, series: int) -> PointsTally:
    tally = PointsTally()
    for rows in _pages(ledger, series):
        tally.add(rows)
    return tally


def _pages(ledger: Ledger, series: int) -> Iterator[list[PointRow]]:
    rows = [tuple(row) for row in ledger.all(_SQL["first_points"], series, _PAGE)]
    while rows:
        yield rows
        rows = [tuple(row) for row in ledger.all(_SQL["points"], series, *rows[-1], _PAGE)] if len(rows) == _PAGE else []


def _pairs(ledger: Ledger, statement: str, id: str) -> dict[str, str]:
    return {row["key"]: row["value"] for row in ledger.all(_SQL[statement], id)}


def _columns(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118  a row iterates over its values


def _sizes(files: Mapping[str, tuple[int, str]]) -> dict[str, int]:
    return {"files": len(files), "bytes": sum(size for size, _ in files.values())}
