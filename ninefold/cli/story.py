"""The demo's last screen: what happened, month by month, and what the facts say of it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ninefold.cli.playing import Played
from ninefold.cli.report import Say, table
from ninefold.clock import iso, micros, moment_of
from ninefold.endpoints.records import champion, current, history
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.live import production
from ninefold.project.reading.graph import Graph


@dataclass(frozen=True, slots=True)
class Story:
    """Months (each with its criteria), the facts of the loop, whether the problem is solved, and what was compared."""

    months: list[dict[str, Any]]
    happened: list[dict[str, Any]]
    criteria: list[dict[str, Any]]
    releases: list[dict[str, Any]]
    items: list[dict[str, Any]]
    champion: int
    solved: str
    played: Played
    seconds: float
    tz: str

    @classmethod
    def of(cls, home: Home, graph: Graph, endpoint: str, played: Played, start: int, end: int, seconds: float) -> "Story":
        """Read the story from what was recorded."""
        learning = Learning.of(graph, graph.resolve(graph.things[endpoint].model, ("model",))[0])  # type: ignore[attr-defined]
        now = played.until  # when everything that was asked had come true
        after, tz = production.maturity(home, learning.problem_name), learning.tz or "UTC"
        months = []
        for begin, until in _months(start, end, tz):
            judged = production.judge(graph, home, endpoint, now=now, after=after, since=begin, until=until)
            months.append(
                {"month": moment_of(begin, tz).strftime("%B"), **_counted(home, learning, endpoint, begin, until, now, after), "criteria": judged}
            )
        criteria = production.judge(graph, home, endpoint, now=now, after=after)
        verdicts = {c["verdict"] for c in criteria}
        solved = "solved" if verdicts == {"met"} else "not solved" if "not met" in verdicts else "not yet known"
        first = champion(current(home.ledger, home.project, endpoint))
        items = [
            dict(row)
            for row in home.ledger.all(
                "select title, waits_for, opened from items where project = ? and state = 'open' order by opened", home.project
            )
        ]
        releases = [
            {"version": r.version, "kind": r.kind, "state": r.state, "started": r.started, "ended": r.ended}
            for r in reversed(history(home.ledger, home.project, endpoint))
        ]
        return cls(months, played.done, criteria, releases, items, first.version if first else 0, solved, played, seconds, tz)

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def _months(start: int, end: int, tz: str) -> list[tuple[int, int]]:
    found, begin = [], start
    while begin < end:
        day = moment_of(begin, tz)
        following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1)  # noqa: DTZ001 (micros places it in the zone)
        until = min(end, micros(following, tz))
        found.append((begin, until))
        begin = until
    return found


def _counted(home: Home, learning: Learning, endpoint: str, begin: int, until: int, now: int, after: int) -> dict[str, Any]:
    import polars as pl

    rows = production.with_outcomes(home, learning, endpoint, production.predictions(home, endpoint, since=begin, until=until), now=now, after=after)
    settled = rows.filter(pl.col("__state") == "settled")
    positives = settled["__label"].cast(pl.Float64, strict=False).mean() if settled.height else None
    void = rows.filter(pl.col("__state") == "void").height
    return {"questions": rows.height, "rate": positives, "mean_score": rows["score"].mean(), "void": void / rows.height if rows.height else None}


def tell(say: Say, story: Story, main: Path) -> None:
    """One screen."""
    names = [c["metric"] for c in story.criteria]
    say.line("\n" + "─" * 100)
    say.line(f"WHAT HAPPENED · {main.stem} · three months of production in {story.seconds:.0f} s\n", bold=True)
    headers = ["", "questions", "late", "forecast", *[_short(n) for n in names]]
    rows = []
    for month in story.months:
        cells = [_cell(c) for c in month["criteria"]]
        rows.append([month["month"], f"{month['questions']:,}", _percent(month["rate"]), _percent(month["mean_score"]), *cells])
    say.line(table(headers, rows, right=[1, 2, 3]))
    say.line("  (value [95 % interval by day] and verdict: + met, - not met, ? not yet known)\n")
    for done in story.happened:
        say.line(f"  {iso(micros(done['at']), story.tz)[:10]}  {done['text']}")
    say.line(f"\nIs the problem solved? {story.solved.upper()}", bold=True)
    for one in story.criteria:
        say.line(f"  {one['text']}", fg={"met": "green", "not met": "red"}.get(one["verdict"]))
    say.line(f"\nforecast@{story.champion} answers the desk.")
    for item in story.items:
        say.line(f"  waits for {item['waits_for']} since {iso(item['opened'], story.tz)[:10]}: {item['title']}")
    compared = story.played.compared
    equal = "all" if not compared.unequal else f"{compared.values - compared.unequal:,}"
    say.line(f"{compared.values:,} feature values were served online; {equal} of them equal the batch values.")
    say.line("Rebookings are simulated; the rule stands on their page.\n")
    say.line("Try next:", bold=True)
    folder = main.parent
    say.line(f"  cd {_near(folder)} && ninefold status")
    say.line("  ninefold why " + _some_prediction(story))
    say.line(
        f"  add a feature to {main.name} (destination and carrier history, say), then: "
        f"ninefold run {main.name} --as-of 2014-01-01T00:00 --tz {story.tz}"
    )


def _some_prediction(story: Story) -> str:
    return story.played.last or "PREDICTION"


def _near(folder: Path) -> str:
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def _short(name: str) -> str:
    return name.split("(", maxsplit=1)[0] + ("." + name.rpartition(").")[2] if ")." in name else "")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _cell(judged: dict[str, Any]) -> str:
    if judged["value"] is None:
        return "?"
    sign = {"met": "+", "not met": "-"}.get(judged["verdict"], "?")
    value = f"{judged['value'] * 1000:.1f}ms" if judged["metric"].startswith("latency") else f"{judged['value']:.2f}"
    if judged["low"] is None or judged["metric"].startswith("latency"):
        return f"{value} {sign}"
    return f"{value} [{judged['low']:.2f}, {judged['high']:.2f}] {sign}"
