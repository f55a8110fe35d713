"""What was brought, read back and compared with what was read from the source: counts and digests, by kind."""

from collections.abc import Callable, Mapping

import msgspec

from ninefold.ledger import Tx
from ninefold.models.registry.load import stored_name
from ninefold.protocols.mlflow.importing.bring import Import
from ninefold.runs.pasts.imports import Brought, Imports
from ninefold.runs.pasts.tally import Told, stored_model, stored_run
from ninefold.runs.traces.load import stored_trace

_SHARED = {"files", "bytes", "versions", "aliases", "spans", "assessments"}  # kinds that have one name, whatever they belong to


class Row(msgspec.Struct, frozen=True):
    """One kind of things: how many are there, how many here, and of how many the count or the digest differs."""

    kind: str
    there: int
    here: int
    differ: int


def bring(bringing: Import) -> list[Row]:
    """The whole import: bring, read back, compare, and say it as a fact."""
    bringing.run()
    rows = verify(bringing, bringing.source.counts())
    body = {
        "from": bringing.source.origin,
        "there": {row.kind: row.there for row in rows},
        "here": {row.kind: row.here for row in rows},
        "differ": sum(row.differ for row in rows),
        "skipped": len(bringing.source.skipped),
    }
    if bringing.brought:
        bringing.ledger.record("import.finished", f"{bringing.project}/import", body)
    return rows


def verify(bringing: Import, counted: Mapping[str, int]) -> list[Row]:
    """Reads back what is not verified yet. ``counted`` is what the source holds, counted by itself: it must be what was read."""
    sums: dict[str, list[int]] = {}
    _add(sums, "experiments", *[len(bringing.imports.all("experiment"))] * 2)
    _compare(bringing, "run", "runs", lambda b: stored_run(bringing.ledger, bringing.project, int(b.ours), b.id), sums)
    _compare(bringing, "model", "logged models", lambda b: stored_model(bringing.ledger, bringing.project, int(b.ours), b.id), sums)
    _compare(bringing, "trace", "traces", lambda b: stored_trace(bringing.ledger, bringing.project, b.id), sums)
    _compare(bringing, "registered", "registered models", lambda b: stored_name(bringing.ledger, bringing.project, b.ours), sums)
    for kind, count in counted.items():
        found = sums.get(kind)
        if found is not None:
            missing = abs(count - found[0])
            found[0], found[2] = count, max(found[2], missing)
    return [Row(kind, *total) for kind, total in sums.items()]


def _compare(bringing: Import, kind: str, words: str, read: Callable[[Brought], Told | None], sums: dict[str, list[int]]) -> None:
    imports, verified = bringing.imports, list[Brought]()
    for one in imports.all(kind).values():
        there: dict[str, int] = one.body.get("counts", {})
        # what was verified may since have been changed here, which is everybody's right
        told = Told(there, one.body["digest"]) if one.state == "verified" else read(one)
        same = told is not None and one.state != "begun" and told.digest == one.body["digest"]
        _add(sums, words, 1, int(told is not None), int(not same))
        for name, count in there.items():
            here = told.counts.get(name, 0) if told is not None else 0
            _add(sums, name if kind == "run" or name in _SHARED else f"{name} of {words}", count, here, abs(count - here))
        if same and one.state == "brought":
            verified.append(one)
    _note(imports, kind, verified, bringing)


def _note(imports: Imports, kind: str, verified: list[Brought], bringing: Import) -> None:
    for start in range(0, len(verified), 1000):
        some = verified[start : start + 1000]
        bringing.ledger.write(lambda tx, some=some: _verified(imports, tx, kind, some))  # type: ignore[misc]


def _verified(imports: Imports, tx: Tx, kind: str, some: list[Brought]) -> None:
    for one in some:
        imports.note(tx, kind, one.id, one.ours, "verified", one.body)


def _add(sums: dict[str, list[int]], kind: str, there: int, here: int, differ: int = 0) -> None:
    total = sums.setdefault(kind, [0, 0, 0])
    total[0], total[1], total[2] = total[0] + there, total[1] + here, total[2] + differ
