"""``runs``: what was executed, with parameters and metrics, and the project's own runs."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.noun import home_of, in_project, noun
from ninefold.cli.report import Say, command, table
from ninefold.cli.runs_gc import gc
from ninefold.cli.runs_kept import delete, deliver, export, restore
from ninefold.cli.times import when
from ninefold.cli.tracked import cell, experiments, id_of, shaped
from ninefold.cli.visible import visible
from ninefold.errors import NotFoundError, UsageError, closest
from ninefold.project.home import Home, NoRunsError, elsewhere

_OF_ITS_OWN = {"id", "started", "ended", "updated", "root"}  # what no two runs share
_KINDS = ("run.started", "run.done", "run.failed")


@command("ninefold runs list --where 'metrics.auc > 0.7' --order -metrics.auc --show metrics.auc,params.leaves", name="list")
@click.option("--where", default="", metavar="FILTER", help="Only runs that are like this, such as: metrics.auc > 0.7 and params.leaves = 31")
@click.option("--order", default="", metavar="FIELDS", help="Such as name, or -metrics.auc for the greatest first (default: the newest first).")
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@click.option("--show", "columns", default="", metavar="COLUMNS", help="What to show, such as: metrics.auc,params.leaves,tags.team")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@click.option("--deleted", is_flag=True, help="Runs that were deleted.")
@in_project
def list_(
    say: Say, where: str, order: str, experiment: str | None, columns: str, limit: int, deleted: bool, project: Path | None, environment: str | None
) -> None:
    """The runs of the project, and those that were tracked, found by a filter."""
    from ninefold.runs.many import details
    from ninefold.runs.searching.asking import search

    keys = [key.strip() for key in columns.split(",") if key.strip()]
    try:
        opened = home_of(project, environment)
    except NoRunsError as error:
        say.result({"runs": [], "tracked": [], "more": False}, f"no runs yet: {error.message}\n{error.hint}")
        return
    with opened as home:
        own = [] if where or order or experiment or deleted or keys else of_project(home, limit)
        found = search(home.ledger, home.project, where, experiment=experiment, order=order, limit=limit, state="deleted" if deleted else "active")
        names = experiments(home)
        if experiment is not None and not found and experiment not in names.values():
            raise NotFoundError(f'there is no experiment "{experiment[:80]}" in {home.project}', hint=closest(experiment, names.values()))
        note = elsewhere(home.settings)
        tracked = [shaped(one, names) for one in details(home.ledger, [run.id for run in found]).values()]
    rows = [[cell(one, key) for key in keys] for one in tracked]

    def text() -> None:
        if own:
            lines = [
                [r["id"][:13], r["state"], when(r["started"]), _took(r["seconds"]), r["ran"], r["hits"], r["reason"], r["error"][:60]] for r in own
            ]
            say.line(table(["run", "state", "started", "took", "ran", "stored", "because", ""], lines, right=[3, 4, 5]) + ("\n" if tracked else ""))
        if tracked:
            heads = ["tracked run", "experiment", "name", "status", "started", *(keys or ["metrics"])]
            shown = [_short(row) for row in rows] if keys else [[_pairs(one["metrics"])] for one in tracked]
            lines = [[r["id"], r["experiment"], r["name"], r["status"], when(r["started"]), *more] for r, more in zip(tracked, shown, strict=True)]
            say.line(table(heads, lines))
        if not own and not tracked:
            say.line("no run is like that" if where or experiment or deleted else "no runs yet")
        if note:
            say.line(note, dim=True)

    say.result({"runs": own, "tracked": tracked, "more": found.token is not None}, text)


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
                shown = when(value) if name in {"started", "ended", "updated"} else visible(str(value))
                say.line(f"{name:<12} {shown}")
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


runs = noun("runs", "What was executed: the project's runs, and tracked ones.", list_, show, compare, deliver, delete, restore, gc, export)


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
    from ninefold.runs.many import detail
    from ninefold.runs.records import Runs

    id = id_of(home, run)
    artifacts = [msgspec.to_builtins(file) for file in Runs(home.ledger, home.blobs, home.project).artifacts(id)]
    return {**shaped(detail(home.ledger, id), experiments(home)), "artifacts": artifacts}


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
        "run": [{k: v for k, v in one.items() if not isinstance(v, (list, dict)) and k not in _OF_ITS_OWN} for one in found],
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


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {text}" for name, text in zip(values, _short(list(values.values())[:4]), strict=False))
