"""Scoring many questions at once: the same bundle, the same features by the batch kernel; to a frame, or into a table of the lake."""

from typing import TYPE_CHECKING, Any

from ninefold.endpoints.records import current
from ninefold.errors import DataError, NotYetError, UsageError, closest
from ninefold.project.home import Home
from ninefold.project.live.answering import answering, opened, rows_of, tables_of
from ninefold.project.live.clocks import judging_now

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from ninefold.bundles.scorer import Bundle
    from ninefold.endpoints.questions import Questions
    from ninefold.features.spec import GroupSpec
    from ninefold.models.records import Version
    from ninefold.project.reading.graph import Graph

# how many questions are checked and computed together
_AT_ONCE = 10_000


def score(home: Home, endpoint: str, questions: "pl.DataFrame", *, at: int | None = None, version: int | None = None) -> "pl.DataFrame":
    """One row for each question, in order: its key, ``asked_at``, ``score``, ``decision``, ``version``.

    ``questions`` has the request's columns. Each is asked at the problem's decision time, where it has one, else at ``at`` (µs,
    default: now), and sees what was known before. Raises UsageError naming the row and the column that does not fit.
    """
    made = answering(home, endpoint, version)
    return _scored(home, made, opened(home, made), questions, at if at is not None else judging_now(home))


def _scored(home: Home, made: "Version", opened_: "tuple[Bundle, Questions, list[GroupSpec]]", questions: "pl.DataFrame", at: int) -> "pl.DataFrame":
    import polars as pl

    bundle, program, groups = opened_
    request = program.request
    unknown = [c for c in questions.columns if c not in request.columns and not c.startswith("__")]
    if unknown:
        raise UsageError(f'a question has no column "{unknown[0]}"', hint=closest(unknown[0], request.columns))
    views = {spec.name: rows_of(home, spec).collect() for spec in tables_of(groups)}
    parts = [_part(program, groups, views, bundle, part, at) for part in questions.iter_slices(_AT_ONCE) if part.height]
    empty = pl.DataFrame(schema={"asked_at": pl.Datetime("us", "UTC"), "score": pl.Float64(), "decision": pl.Int64()})
    found = pl.concat(parts) if parts else empty
    return found.with_columns(pl.lit(made.version, pl.Int64).alias("version"))


def _part(program: "Questions", groups: "list[GroupSpec]", views: Any, bundle: "Bundle", part: "pl.DataFrame", at: int) -> "pl.DataFrame":
    import polars as pl

    from ninefold.features.spec import features_of, table_of
    from ninefold.features.training import feature_frame

    rows = program.checked(_plain(part).to_dicts())
    moments = part["__q"].to_list() if "__q" in part.columns else [program.moment(row) or at for row in rows]
    frame = program.frame(rows).with_columns(pl.Series("__q", moments, dtype=pl.Int64))
    specs = [
        (g.name, features_of(g), table_of(g.table) if g.table is not None else None, views.get(g.table.name) if g.table is not None else None)
        for g in groups
    ]
    inputs = feature_frame(frame, specs, program.request.bare)
    scores = bundle.score({c.name: inputs[c.name].to_list() for c in bundle.schema})
    decided = bundle.decide(scores, {c: frame[c].to_list() for c in bundle.scoring.decision.columns})
    keys = frame.select(program.request.key)
    shape = {"score": scores.tolist()} if scores.ndim == 1 else {"scores": scores.tolist()}
    found: pl.DataFrame = keys.with_columns(
        pl.from_epoch(pl.Series("asked_at", moments, dtype=pl.Int64), time_unit="us").dt.replace_time_zone("UTC"),
        *(pl.Series(name, values) for name, values in shape.items()),
        pl.Series("decision", decided.tolist(), dtype=pl.Int64),
    )
    return found


def _plain(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Times as µs UTC where they have a zone, else as text that the request's zone completes; hidden columns left out."""
    import polars as pl

    shown = frame.select(c for c in frame.columns if not c.startswith("__"))
    zoned = [c for c, t in shown.schema.items() if isinstance(t, pl.Datetime) and t.time_zone]
    naive = [c for c, t in shown.schema.items() if isinstance(t, pl.Datetime) and not t.time_zone]
    return shown.with_columns(*(pl.col(c).dt.timestamp("us") for c in zoned), *(pl.col(c).dt.to_string("iso") for c in naive))


def read_questions(home: Home, endpoint: str, path: "Path") -> "pl.DataFrame":
    """Questions of a file (CSV, JSON lines, Parquet) in the types of the endpoint's request."""
    import polars as pl

    from ninefold.tables.incoming import dtype_of

    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    request = opened(home, answering(home, endpoint))[1].request
    types = {c: dtype_of(t) for c, t in request.columns.items() if not t.startswith(("Datetime", "Duration"))}
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix in {".jsonl", ".ndjson"}:
            return pl.read_ndjson(path, schema_overrides=types)
        return pl.read_csv(path, schema_overrides=types)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"the file cannot be read: {error}", where=str(path), hint="give CSV, JSON lines (.jsonl) or Parquet") from None


def score_due(graph: "Graph", home: Home, endpoint: str, *, since: int | None, until: int) -> int | None:
    """Score the questions of a problem with decision times in ``[since, until)`` into the lake table ``scores/<endpoint>``.

    Each span is written once, whoever calls how often; spans have to come in order. Returns the rows written, None where the span
    (or a later one) was written before. ``since`` None: from the end of what is there; at first from the release of the version that
    answers, or (a calendar) only its last instant.
    """
    import polars as pl

    from ninefold.features.questions import questions
    from ninefold.project.views import view

    to = graph.things[endpoint].to  # type: ignore[attr-defined]
    if to is not None and not to.startswith("lake:"):
        raise NotYetError(f'this release writes scores into the lake, not to "{to}"', where=graph.place(endpoint), hint='to="lake:scores"')
    _, model = graph.resolve(graph.things[endpoint].model, ("model",))  # type: ignore[attr-defined]
    target = graph.resolve(model.problem, ("problem",))[1].predict
    name, table = graph.resolve(target.of, ("table",))
    stored = home.stored("scores", endpoint)
    done = stored.position(f"scores/{endpoint}")[1]
    if done is not None and until <= done:
        return None
    rows = view(home, name, table, as_of=until).collect()
    asked = questions(target, table, rows, as_of=until, start=_start(target, since, done, until))
    made = answering(home, endpoint)
    first = since if since is not None else done
    if first is None and target.every is None:
        first = min(r.started for r in current(home.ledger, home.project, endpoint))
    if first is not None:
        asked = asked.filter(pl.col("__q") >= first)
    elif target.every is not None and asked.height:
        asked = asked.filter(pl.col("__q") == asked["__q"].max())
    ready = opened(home, made)
    wanted = [c for c in ready[1].request.columns if c in asked.columns]
    found = _scored(home, made, ready, asked.select("__q", *wanted), until)
    written = stored.write(found, mode="append", txn=(f"scores/{endpoint}", until), meta={"endpoint": endpoint, "until": str(until)})
    if written is None:
        return None
    body = {"rows": found.height, "version": made.version, "until": until, "table": f"scores/{endpoint}", "table_version": written.version}
    home.ledger.record("endpoint.scored", home.subject("endpoint", endpoint), body)
    return found.height


def _start(target: Any, since: int | None, done: int | None, until: int) -> int | None:
    """Where a calendar begins: at what is asked for, else where the last span ended, else two turns back."""
    if target.every is None:
        return None
    return since if since is not None else done if done is not None else until - 2 * int(target.every.every)
