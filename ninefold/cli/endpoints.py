"""``endpoints``: releases, answers, and scoring many questions at once."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.clock import micros
from ninefold.endpoints.records import history
from ninefold.errors import NotFoundError, UsageError, closest
from ninefold.units import many

_ENDPOINTS = "select distinct endpoint from releases where project = ? order by endpoint"


@command("ninefold endpoints list", name="list")
@in_project
def list_(say: Say, project: Path | None, environment: str | None) -> None:
    """Every endpoint with its releases, the newest first."""
    with home_of(project, environment) as home:
        names = [row["endpoint"] for row in home.ledger.all(_ENDPOINTS, home.project)]
        found = [msgspec.to_builtins(release) for name in names for release in history(home.ledger, home.project, name)]
    rows = [
        [
            r["endpoint"],
            f"{r['model']}@{r['version']}",
            r["kind"],
            f"{r['share']:.0%}",
            r["state"],
            when(r["started"]),
            when(r["ended"]) if r["ended"] else "",
        ]
        for r in found
    ]
    text = table(["endpoint", "version", "kind", "share", "state", "since", "until"], rows, right=[3])
    say.result(found, text if rows else "nothing is released; next: ninefold deploy ENDPOINT")


@command("ninefold endpoints answers desk --limit 5")
@click.argument("endpoint")
@click.option("--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="How many, the newest first.")
@in_project
def answers(say: Say, endpoint: str, limit: int, project: Path | None, environment: str | None) -> None:
    """The newest answers of an endpoint, with the ids that ``ninefold why`` takes."""
    from ninefold.project.live.answers import endpoints as released
    from ninefold.project.live.production import predictions

    with home_of(project, environment) as home:
        if endpoint not in (known := released(home)):
            raise NotFoundError(f'nothing was ever released to "{endpoint}"', hint=closest(endpoint, known) if known else "ninefold deploy ENDPOINT")
        frame = predictions(home, endpoint).sort("q", "id", descending=True).head(limit)
    found = [
        {"asked_at": micros(r["q"]), "key": msgspec.json.decode(r["key"]), **{c: r[c] for c in ("id", "score", "decision", "version")}}
        for r in frame.to_dicts()
    ]
    rows = [[r["id"], when(r["asked_at"]), ", ".join(map(str, r["key"])), _number(r["score"]), r["decision"], r["version"]] for r in found]
    text = table(["prediction", "asked for", "key", "score", "decision", "version"], rows, right=[3, 4, 5])
    say.result(found, text if rows else f"{endpoint} has not been asked yet")


@command("ninefold endpoints score desk questions.csv --out scores.csv")
@click.argument("endpoint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write here (.csv, .jsonl or .parquet) instead of showing the first rows. A text in a .csv that begins like a formula gets a quote.",
)
@click.option("--at", metavar="TIME", help="When questions without a decision time are asked (default: now); the end of the span with --due.")
@click.option("--due", is_flag=True, help="Score the questions that the problem's table and calendar ask, into the lake table scores/ENDPOINT, once.")
@click.option("--since", metavar="TIME", help="With --due: the beginning of the span (default: where the last one ended).")
@in_project
def score(
    say: Say,
    endpoint: str,
    file: Path | None,
    out: Path | None,
    at: str | None,
    due: bool,
    since: str | None,
    project: Path | None,
    environment: str | None,
) -> None:
    """Score the questions of FILE (CSV, JSON lines, Parquet) with the version that answers, or those that are due."""
    if due == (file is not None):
        raise UsageError("give a file of questions, or --due", hint="ninefold endpoints score desk questions.csv")
    moment = micros(at, "UTC") if at else None
    if due:
        _due(say, endpoint, project, environment, moment, micros(since, "UTC") if since else None)
        return
    from ninefold.project.live.scoring import read_questions
    from ninefold.project.live.scoring import score as score_all

    assert file is not None
    with home_of(project, environment) as home:
        found = score_all(home, endpoint, read_questions(home, endpoint, file), at=moment)
    if out is not None:
        _write(found, out)
    shown = found.head(10).to_dicts()
    value = {"rows": found.height, "file": str(out) if out else None, "scores": None if out else [_plain(r) for r in found.to_dicts()]}

    def text() -> None:
        if out is None:
            say.line(table(found.columns, [[_number(_plain(r)[c]) for c in found.columns] for r in shown]))
        more = f", the first {len(shown)} are shown; write them with --out" if out is None and found.height > len(shown) else ""
        say.line(f"{found.height:,} {'question' if found.height == 1 else 'questions'} scored" + (f" into {out}" if out else more))

    say.result(value, text)


def _due(say: Say, endpoint: str, project: Path | None, environment: str | None, at: int | None, since: int | None) -> None:
    from ninefold.cli.target import target_of
    from ninefold.project.home import Home
    from ninefold.project.live.clocks import judging_now
    from ninefold.project.live.scoring import score_due

    settings, name, _, graph_of = target_of(project, environment)
    graph = graph_of()
    graph.resolve(endpoint, ("endpoint",))
    with Home(settings, name) as home:
        until = at if at is not None else judging_now(home)
        rows = score_due(graph, home, endpoint, since=since, until=until)
    written = f"{many(rows or 0, 'question')} scored into the lake table scores/{endpoint}"
    text = "these were scored already: nothing was written" if rows is None else written
    say.result({"endpoint": endpoint, "until": until, "rows": rows}, text)


endpoints = noun("endpoints", "Endpoints: their releases and answers; scoring many questions.", list_, answers, score)


def _write(frame: Any, out: Path) -> None:
    import io

    from ninefold.storage.durable import write

    buffer = io.BytesIO()
    if out.suffix == ".parquet":
        frame.write_parquet(buffer)
    elif out.suffix in {".jsonl", ".ndjson"}:
        frame.write_ndjson(buffer)
    elif out.suffix == ".csv":
        _harmless(frame).write_csv(buffer)
    else:
        raise UsageError(f'scores are not written as "{out.suffix}"', hint="name a .csv, .jsonl or .parquet file")
    write(out, buffer.getvalue())


def _harmless(frame: Any) -> Any:
    """Texts that a spreadsheet would take for a formula, and run, after a quote that keeps them texts. Other formats keep them as they are."""
    import polars as pl

    text = pl.selectors.string(include_categorical=True).cast(pl.String)
    return frame.with_columns(pl.when(text.str.contains(r"^[=+\-@\t\r]")).then("'" + text).otherwise(text).name.keep())


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {c: v.isoformat() if hasattr(v, "isoformat") else v for c, v in row.items()}


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)
