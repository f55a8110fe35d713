"""Looking at a project's data: profiles, leaks, columns that drift, segments where the champion fails; each with the line to accept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Fact
from ninefold.models.records import newest
from ninefold.problems.target import Ahead
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.reading.graph import Graph
from ninefold.project.views import current, view
from ninefold.tables.known import hidden, k_of
from ninefold.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

    from ninefold.hypotheses.test import Tested

MOST_DISTINCT = 10_000


class Finding(msgspec.Struct, frozen=True):
    """Something worth knowing: ``kind`` is leak, drift, belief or segment; ``code`` the line that takes it into the file, if there is one."""

    kind: str
    subject: str
    text: str
    strength: float
    code: str = ""


class Explored(msgspec.Struct, frozen=True):
    """What was found as of an instant (µs): ``tables`` by name with their numbers, ``findings`` the strongest of each kind first.

    ``missing`` are the tables that have not been made yet: nothing is said of them.
    """

    as_of: int | None
    tables: list[dict[str, Any]]
    findings: list[Finding]
    missing: list[str] = []


def explore(graph: Graph, home: Home) -> Explored:
    """Look at every table that there is, as the last run saw it. What is found is recorded as a fact, so that a look at data is never unseen.

    Raises NotFoundError where none has been made.
    """
    as_of = _seen_as_of(home)
    asked = {graph.resolve(p.predict.of, ("table",))[0]: (name, p) for name, p in graph.of("problem").items()}
    tables, looked_at = list[dict[str, Any]](), list[tuple[str, str, "Tested"]]()
    findings: list[Finding] = []
    missing = [name for name in graph.of("table") if home.stored("tables", name).version is None]
    if missing == list(graph.of("table")):
        raise NotFoundError("no table has been made yet", hint="run the project first: ninefold run")
    for name, table in graph.of("table").items():
        if name in missing:
            continue
        rows = current(view(home, name, table, as_of=as_of)).collect()
        tables.append(_numbers(name, table, rows))
        looked_at += compared(name, table, rows)
        if name in asked and not isinstance(asked[name][1].predict.label, Ahead):
            findings += _about_label(graph, asked[name][0], name, table, rows)
    findings += drifts(looked_at)
    for model in graph.of("model"):
        findings += _segments(graph, home, model)
    order = ("leak", "segment", "drift", "belief")
    found = Explored(as_of, tables, sorted(findings, key=lambda f: (order.index(f.kind), -f.strength)), missing)
    _record(home, found)
    return found


def _seen_as_of(home: Home) -> int | None:
    started = home.ledger.facts(kind="run.started", subject=f"{home.project}/run", newest_first=True, limit=1)
    return int(started[0].body["as_of"]) if started else None


def _numbers(name: str, table: Table, rows: "pl.DataFrame") -> dict[str, Any]:
    from ninefold.tables.profile import profile

    found = profile(rows, table)
    nulls = {c["name"]: round(c["nulls"] / max(1, rows.height), 4) for c in found["columns"] if c["nulls"]}
    return {"name": name, "rows": found["rows"], "columns": len(found["columns"]), "nulls": nulls, "without_time": found.get("without_time", 0)}


def _about_label(graph: Graph, problem: str, name: str, table: Table, rows: "pl.DataFrame") -> list[Finding]:
    """Leaks of the columns that a model could take bare, and beliefs about them."""
    from ninefold.tables.explore import leaks, proposals

    target = graph.things[problem].predict  # type: ignore[attr-defined]
    label = target.label
    honest = [c for c in rows.columns if not hidden(c) and k_of(c) not in rows.columns and c != label and c not in dict(table.later)]
    time = table.time.column if table.time is not None else None
    found = [Finding("leak", f"{name}.{leak.column}", str(leak), leak.strength) for leak in leaks(rows, label, honest, known=(), time=time)]
    table_argument = f', table="{name}"'
    for one in proposals(rows, label, honest):
        code = one.code.replace(f'"{label}")', f'"{label}"{table_argument})') if "nf.associated" in one.code else one.code
        found.append(Finding("belief", name, one.text, one.strength, code))
    return found


def compared(name: str, table: Table, rows: "pl.DataFrame") -> "list[tuple[str, str, Tested]]":
    """Each column of a table, tested: is its distribution the same in the newer half of the days as in the older one?"""
    import polars as pl

    from ninefold.hypotheses.test import stable

    if table.time is None or rows.height < 1000:
        return []
    time = rows[table.time.column]
    day = time if time.dtype == pl.Date else time.dt.date()
    named = {table.time.column, *table.key, *(m.column for m in dict(table.later).values())}
    found = []
    for column in (c for c in rows.columns if not hidden(c) and c not in named):
        values = rows[column]
        # what came later is missing for the newest rows: they say nothing about the column
        known = values.is_not_null() if k_of(column) in rows.columns else pl.Series([True] * rows.height)
        kept = values.filter(known)
        if kept.dtype.is_temporal() or kept.dtype.is_nested() or kept.null_count() == kept.len() or _names_rows(kept):
            continue
        found.append((name, column, stable(kept, day.filter(known))))
    return found


def drifts(looked_at: "Sequence[tuple[str, str, Tested]]") -> list[Finding]:
    """The columns that moved, corrected for all columns of all tables that were looked at (Holm): of many, one moves by chance."""
    from ninefold.hypotheses.test import correct

    found = []
    for (name, column, _), tested in zip(looked_at, correct([t for _, _, t in looked_at]), strict=True):
        if tested.verdict == "refuted" and tested.effect is not None:
            code = f'{column}_is_stable = nf.Hypothesis("{column} of {name} does not move", nf.stable("{column}", table="{name}"))'
            found.append(Finding("drift", f"{name}.{column}", f'"{column}" of {name} moved: {tested.text}', tested.effect, code))
    return found


def _names_rows(values: "pl.Series") -> bool:
    """Whether a column is a name of its rows rather than a property of them."""
    return not values.dtype.is_float() and values.n_unique() > min(MOST_DISTINCT, values.len() // 3)


def _segments(graph: Graph, home: Home, name: str) -> list[Finding]:
    """Where the newest version fails on its test span."""
    from ninefold.project.explaining.segments import worst

    made = newest(home.ledger, home.project, name)
    if made is None or "evidence" not in made.body:
        return []
    learning = Learning.of(graph, name)
    proof = home.stored("evidence", name).read(made.body["evidence"])
    score = f"score.{made.body['winner']}"
    if learning.kind == "multiclass" or score not in proof.columns:
        return []
    frame = home.stored("training", name).read(made.body["training_version"])[proof["row"]]
    columns = frame.select(c for c in (*learning.inputs, *learning.extra) if c in frame.columns)
    label = proof["label"].cast(float).to_numpy()
    found = worst(columns, label, proof[score].to_numpy(), proof["day"].to_numpy(), binary=learning.kind == "binary")
    about = f"{name}@{made.version}"
    return [Finding("segment", about, f"{about} is off {one}", one.loss * one.rows, _line(learning, one)) for one in found]


def _line(learning: Learning, segment: Any) -> str:
    """The hypothesis that a segment suggests: a metric that differs by its column, where that is one that comes with the question."""
    if segment.column not in (*learning.bare, *learning.extra):
        return ""
    metric = "calibration_error" if learning.kind == "binary" else "mean_error"
    words = f"{learning.name} fails for some values of {segment.column}"
    return f'{segment.column}_differs = nf.Hypothesis("{words}", nf.differs(nf.{metric}, by="{segment.column}", model="{learning.name}"))'


def _record(home: Home, found: Explored) -> Fact:
    body = {"as_of": found.as_of, "tables": found.tables, "missing": found.missing, "findings": msgspec.to_builtins(found.findings)}
    return home.ledger.record("project.explored", f"{home.project}/project", body)
