"""``runs``: what was executed, with parameters and metrics, and the project's own runs."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.times import when
from ninefold.errors import NotFoundError, UsageError
from ninefold.project.home import Home

_KINDS = ("run.started", "run.done", "run.failed")


@command("ninefold runs list --limit 20", name="list")
@click.option("--experiment", help="Only runs of this experiment; tracked runs only.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many, the newest first.")
@in_project
def list_(say: Say, experiment: str | None, limit: int, project: Path | None, environment: str | None) -> None:
    """The runs of the project, and those that were tracked, the newest first."""
    from ninefold.runs import Experiments
    from ninefold.runs.many import details
    from ninefold.runs.search import search_runs

    with home_of(project, environment) as home:
        own = [] if experiment else of_project(home, limit)
        only = Experiments(home.ledger, home.project).find(experiment) if experiment else None
        ids = [] if experiment and only is None else search_runs(home.ledger, home.project, None if only is None else [only.id], limit=limit)[0]
        named = _experiments(home)
        tracked = [
            {**msgspec.to_builtins(one.run), "experiment": named[one.run.experiment], "metrics": {p.key: p.value for p in one.metrics}}
            for one in details(home.ledger, ids).values()
        ]

    def text() -> None:
        rows = [[r["id"][:13], r["state"], when(r["started"]), _took(r["seconds"]), r["ran"], r["hits"], r["reason"], r["error"][:60]] for r in own]
        say.line(table(["run", "state", "started", "took", "ran", "stored", "because", ""], rows, right=[3, 4, 5]))
        if tracked:
            lines = [[r["id"], r["experiment"], r["name"], r["status"], when(r["started"]), _pairs(r["metrics"])] for r in tracked]
            say.line("\n" + table(["tracked run", "experiment", "name", "status", "started", "metrics"], lines))

    say.result({"runs": own, "tracked": tracked}, text)


@command("ninefold runs show 0199c1f2")
@click.argument("run")
@in_project
def show(say: Say, run: str, project: Path | None, environment: str | None) -> None:
    """One run: its steps with their seconds, what failed; of a tracked run parameters, metrics, artifacts."""
    with home_of(project, environment) as home:
        found = _shown(home, run)

    def text() -> None:
        for name, value in found.items():
            if not isinstance(value, (list, dict)) and value not in (None, ""):
                say.line(f"{name:<12} {when(value) if name in {'started', 'ended'} else value}")
        if found.get("steps"):
            rows = [[s["step"], s["state"], _took(s["seconds"]), s["content"][:12], s["error"]] for s in found["steps"]]
            say.line("\n" + table(["step", "state", "took", "content", ""], rows, right=[2]))
        for name in ("params", "metrics", "tags"):
            if found.get(name):
                say.line("\n" + table([name, "value"], list(found[name].items())))
        if found.get("artifacts"):
            say.line("\n" + table(["artifact", "bytes", "sha256"], [[a["path"], a["size"], a["digest"][:16]] for a in found["artifacts"]], right=[1]))

    say.result(found, text)


@command("ninefold runs compare 0199c1f2 0199c1f3")
@click.argument("ids", nargs=-1, required=True, metavar="RUN RUN…")
@in_project
def compare(say: Say, ids: tuple[str, ...], project: Path | None, environment: str | None) -> None:
    """What differs between runs: steps and contents of the project's runs, parameters and metrics of tracked ones."""
    if len(ids) < 2:
        raise UsageError("one run cannot be compared", hint="name two or more: ninefold runs compare RUN RUN")
    with home_of(project, environment) as home:
        found = _compared(home, ids)

    def text() -> None:
        for title, rows in found.items():
            if rows:
                say.line(table([title, *[i[:13] for i in ids]], [[name, *_short(values)] for name, values in rows.items()]) + "\n")
        if not any(found.values()):
            say.line("nothing differs")

    say.result({"ids": list(ids), **found}, text)


runs = noun("runs", "What was executed: the project's runs, and tracked ones.", list_, show, compare)


def of_project(home: Home, limit: int) -> list[dict[str, Any]]:
    """The runs of the project from their facts, the newest first."""
    facts = home.ledger.facts(kind=_KINDS, subject=f"{home.project}/run", newest_first=True, limit=3 * limit)
    ended = {f.body["started"]: f for f in facts if f.kind != "run.started"}
    return [_one(f, ended.get(f.seq)) for f in facts if f.kind == "run.started"][:limit]


def _one(started: Any, end: Any) -> dict[str, Any]:
    body = end.body if end is not None else {}
    state = {"run.done": "done", "run.failed": "failed"}[end.kind] if end is not None else "running, or cut off"
    seconds = body.get("seconds", (end.at - started.at) / 1e6 if end is not None else None)
    return {
        "id": started.id,
        "state": state,
        "started": started.at,
        "ended": end.at if end is not None else None,
        "as_of": started.body["as_of"],
        "reason": started.body["reason"],
        "by": started.actor,
        "seconds": seconds,
        "ran": len(body.get("ran", [])),
        "hits": body.get("hits", 0),
        "error": body.get("error", ""),
    }


def _shown(home: Home, run: str) -> dict[str, Any]:
    own = [r for r in of_project(home, 10_000) if r["id"].startswith(run)]
    if len(own) > 1:
        raise UsageError(f'{len(own)} runs begin with "{run}"', hint="give more of its characters")
    if own:
        return {**own[0], "as_of": when(own[0]["as_of"]), "steps": _steps(home, own[0]["id"])}
    from ninefold.runs import Runs

    runs = Runs(home.ledger, home.blobs)
    try:
        one = runs.get(run)
    except NotFoundError:
        raise NotFoundError(f'there is no run "{run}" of {home.project}', hint="ninefold runs list") from None
    details: dict[str, Any] = {"params": runs.params(run), "metrics": runs.metrics(run), "tags": runs.tags(run)}
    details["experiment"] = _experiments(home)[one.experiment]
    return {**msgspec.to_builtins(one), **details, "artifacts": [msgspec.to_builtins(a) for a in runs.artifacts(run)]}


def _experiments(home: Home) -> dict[int, str]:
    return {row["id"]: row["name"] for row in home.ledger.all("select id, name from experiments where project = ?", home.project)}


def _steps(home: Home, run: str) -> list[dict[str, Any]]:
    facts = home.ledger.facts(kind=("step.done", "step.failed"), run=run)
    return [
        {
            "step": f.body["step"],
            "state": "done" if f.kind == "step.done" else "failed",
            "seconds": f.body.get("seconds"),
            "content": f.body.get("content", ""),
            "error": f.body.get("message", ""),
        }
        for f in facts
    ]


def _compared(home: Home, ids: tuple[str, ...]) -> dict[str, dict[str, list[Any]]]:
    found = [_shown(home, one) for one in ids]
    tables = {
        "run": [{k: v for k, v in one.items() if not isinstance(v, (list, dict)) and k not in {"id", "started", "ended"}} for one in found],
        "step": [{s["step"]: s["content"][:12] or s["state"] for s in one.get("steps", [])} for one in found],
        "parameter": [one.get("params", {}) for one in found],
        "metric": [one.get("metrics", {}) for one in found],
    }
    return {name: _differing(rows) for name, rows in tables.items()}


def _differing(tables: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = list(dict.fromkeys(name for rows in tables for name in rows))
    rows = {name: [one.get(name) for one in tables] for name in names}
    return {name: values for name, values in rows.items() if len({repr(v) for v in values}) > 1}


def _short(values: list[Any]) -> list[str]:
    return ["" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v)[:40] for v in values]


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _pairs(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in list(values.items())[:4])
