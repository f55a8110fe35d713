"""Building the small project of this folder: its data, a run, a release, and some answers with their outcomes."""

import math
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, PER_DAY = 61, 40
AS_OF = FIRST + timedelta(days=57)
SETTINGS = '[project]\nname = "parcels"\nversion = "0.1.0"\n\n[tool.ninefold]\nproject = "parcels"\n'


def micros(at: datetime) -> int:
    return round(at.timestamp()) * 1_000_000


def orders() -> str:
    """The rows of data/orders.csv: lateness follows the depot's day, the region and the weight. Always the same."""
    draw = random.Random(7)
    lines = ["parcel_id,depot,region,weight,promised_at,minutes_late"]
    state = {"north": 0.0, "south": 0.0}
    for day in range(DAYS):
        for depot, before in state.items():
            state[depot] = 0.5 * before + draw.gauss(0, 1.0)
        for n in range(PER_DAY):
            at = FIRST + timedelta(days=day, minutes=6 * 60 + 20 * n)
            depot, region = draw.choice(["north", "south"]), draw.choice(["hills", "coast", "town"])
            weight = round(draw.uniform(0.5, 30), 1)
            lean = state[depot] + {"hills": 0.9, "coast": 0.0, "town": -0.9}[region] + (weight - 15) / 15
            late = draw.random() < 1 / (1 + math.exp(1.2 - 1.4 * lean))
            minutes = round(draw.uniform(16, 70) if late else draw.uniform(-5, 15))
            lost = draw.random() < 0.01  # never delivered: no label
            shown = -1.0 if (day, n) in {(3, 5), (9, 9)} else weight  # two impossible weights, for the quarantine
            lines.append(f"p{day:02d}-{n:02d},{depot},{region},{shown},{at:%Y-%m-%dT%H:%M:%SZ},{'NA' if lost else minutes}")
    return "\n".join(lines) + "\n"


def write(folder: Path) -> Path:
    """The project's files in ``folder``; returns its main file. Nothing has run."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "orders.csv").write_text(orders())
    (folder / "pyproject.toml").write_text(SETTINGS)
    shutil.copy(Path(__file__).with_name("parcels.py"), folder / "parcels.py")
    return folder / "parcels.py"


def build(folder: Path) -> Path:
    """The project written, run as of :data:`AS_OF`, released to its endpoint, and asked the questions of the days since."""
    from ninefold import config
    from ninefold.loop import releasing
    from ninefold.project import running
    from ninefold.project.home import Home
    from ninefold.project.live.freeze import freeze
    from ninefold.project.live.workplace import workplace
    from ninefold.project.reading.read import read

    main = write(folder)
    settings = config.load(folder)
    running.run(lambda: read(main, root=folder), settings, name="parcels", main=main, as_of=micros(AS_OF), actor="ada")
    graph = read(main, root=folder)
    with Home(settings, "parcels", actor="ada") as home:
        frozen = freeze(graph, home, main)
        home.ledger.record("deploy.frozen", "parcels/endpoint/dispatch", {"digest": frozen, "files": ["parcels.py"], **workplace(folder)})
        made = releasing.chosen(home, "forecast", None)
        releasing.release(home, "dispatch", graph.things["dispatch"].release, made, frozen=frozen, at=micros(AS_OF))
        ask(home)
    return main


def ask(home: object) -> None:
    """The questions since the release through the endpoint's own service, hour by hour, with updates and outcomes as they were known."""
    import msgspec

    from ninefold.clock import SimulatedClock
    from ninefold.clock import micros as parse
    from ninefold.project.live.replaying import AT, buckets
    from ninefold.project.views import view
    from ninefold.server.runtime import Runtime

    runtime = Runtime(home, SimulatedClock(micros(AS_OF)))  # type: ignore[arg-type]
    runtime.start()
    table = runtime.graph.things["parcels"]  # type: ignore[union-attr]
    rows = view(home, "parcels", table).collect()  # type: ignore[arg-type]
    service = runtime.services["dispatch"]
    request = service.champion.questions.request  # type: ignore[union-attr]
    asked = rows.with_columns(__q=rows["promised_at"].dt.timestamp("us") - 7_200_000_000).select("__q", *request.columns)
    start, end = micros(AS_OF), micros(FIRST + timedelta(days=DAYS))
    for bucket in buckets({"parcels": (table, rows)}, asked, start, end):
        moments = [(u[AT], "update", u) for u in bucket.updates.get("parcels", [])] + [(q[AT], "question", q) for q in bucket.questions]
        for at, what, one in sorted(moments, key=lambda m: (m[0], m[1])):
            given = {c: v for c, v in one.items() if c != AT}
            if what == "question":
                runtime.journal("predictions/dispatch").append(service.answer(given, q=at)[1]).result()
                continue
            row, columns = runtime.doors["parcels"].row(given)
            runtime.order += 1
            runtime.journal("updates/parcels").append([runtime.doors["parcels"].payload(row, columns, received=None, order=runtime.order)]).result()
            for fold in runtime.folds.values():
                fold.apply("parcels", [row], None)
            if given.get("late") is not None:
                told = {"key": msgspec.json.encode([given["parcel_id"]]).decode(), "value": "true" if given["late"] else "false", "told": parse(at)}
                runtime.journal("outcomes/dispatch").append([msgspec.json.encode(told)]).result()
    runtime.stop()
