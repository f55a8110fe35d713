"""A table: its versions, what its columns hold, and the rows that were put aside with their reasons."""

from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Fact
from ninefold.project.explaining.lineage import newest_ref
from ninefold.ui.reading import Reading
from ninefold.ui.views.thing import ThingPart, thing_part

ASIDE = 12  # rows of the quarantine that are shown
WIDE = 14  # their columns


class Column(msgspec.Struct):
    """What a column holds. ``histogram`` are counts over equal bins; ``top`` the most frequent texts; ``personal`` ones are not shown."""

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    min: Any = None
    max: Any = None
    mean: Any = None
    quantiles: dict[str, Any] = {}
    histogram: list[int] = []
    top: list[tuple[str, int]] = []
    personal: bool = False


class Profile(msgspec.Struct):
    """The profile of the rows that were known at ``as_of`` (µs)."""

    rows: int
    as_of: int | None
    columns: list[Column]


class Written(msgspec.Struct):
    """A version of a table. ``inputs`` name what it was made from, by content."""

    version: int
    at: int
    seq: int
    rows: int
    columns: int
    quarantined: int
    reasons: dict[str, int]
    inputs: dict[str, str]
    digest: str


class TablePage(msgspec.Struct):
    """``version`` is the one that the page is about; ``aside`` are rows of its quarantine, ``aside_columns`` their columns."""

    thing: ThingPart
    version: Written | None
    versions: list[Written]
    profile: Profile | None
    aside_columns: list[str]
    aside: list[list[str]]


def table(reading: Reading, name: str, version: str | None = None) -> TablePage:
    """The page of a table, or of one version of it. Raises NotFoundError."""
    part = thing_part(reading, "table", name)
    versions = [_written(f) for f in reading.about("table", name, kinds=["table.written"], limit=30)]
    chosen = versions[0] if versions and version is None else next((v for v in versions if str(v.version) == version), None)
    if version is not None and chosen is None:
        raise NotFoundError(f"the table {name} has no version {version[:60]}", hint=f"it has {', '.join(str(v.version) for v in versions) or 'none'}")
    newest = bool(versions) and chosen is versions[0]
    columns, rows = reading.lasting(
        ("aside", name, chosen.version if chosen else None), chosen.seq if chosen else None, lambda: _aside(reading, name, chosen)
    )
    return TablePage(part, chosen, versions, _profile(reading, name) if newest else None, columns, rows)


def _written(fact: Fact) -> Written:
    b = fact.body
    return Written(b["version"], fact.at, fact.seq, b["rows"], b["columns"], b["quarantined"], b["reasons"], b["inputs"], b["content"])


def _profile(reading: Reading, name: str) -> Profile | None:
    ref = newest_ref(reading.home.ledger, reading.project, f"profile/{name}")
    if ref is None:
        return None
    found = reading.blob(ref["blob"])
    hidden = set(reading.things[name].personal) if name in reading.things else set()
    return Profile(found["rows"], ref.get("as_of"), [_column(c, c["name"] in hidden) for c in found["columns"]])


def _column(body: dict[str, Any], personal: bool) -> Column:
    if personal:
        return Column(body["name"], body["type"], body["nulls"], body.get("distinct"), personal=True)
    histogram = (body.get("histogram") or {}).get("counts", [])
    top = [(str(t["value"]), t["count"]) for t in body.get("top", [])]
    return Column(
        body["name"],
        body["type"],
        body["nulls"],
        body.get("distinct"),
        body.get("min"),
        body.get("max"),
        body.get("mean"),
        body.get("quantiles", {}),
        histogram,
        top,
    )


def _aside(reading: Reading, name: str, version: Written | None) -> tuple[list[str], list[list[str]]]:
    """Rows of the quarantine, their reason first. Personal columns stay out."""
    if version is None or not version.quarantined:
        return [], []
    fact = next(f for f in reading.about("table", name, kinds=["table.written"], limit=30) if f.body["version"] == version.version)
    stored = reading.home.stored("quarantine", name)
    if fact.body.get("quarantine") is None or not stored.exists:
        return [], []
    frame = stored.scan(fact.body["quarantine"]).head(ASIDE).collect()
    hidden = set(reading.things[name].personal) if name in reading.things else set()
    columns = [c for c in frame.columns if c not in hidden]
    columns = sorted(columns, key=lambda c: not c.startswith("__"))[:WIDE]
    return ["reason" if c.startswith("__") else c for c in columns], [[_cell(v) for v in row] for row in frame.select(columns).iter_rows()]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return "" if value is None else str(value)[:80]
