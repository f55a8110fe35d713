"""Making the smaller projects of this folder: their files, a run, a release."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ninefold import config
from ninefold.loop.deploying import deploy
from ninefold.project import running
from ninefold.project.home import Home
from ninefold.project.reading.read import read

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 60
END = FIRST + timedelta(days=DAYS)


def micros(at: datetime) -> int:
    return round(at.timestamp()) * 1_000_000


def files(folder: Path, project: str, data: dict[str, list[str]]) -> Path:
    """The project's file, its settings and its data."""
    (folder / "data").mkdir(parents=True)
    for name, lines in data.items():
        (folder / "data" / name).write_text("\n".join(lines) + "\n")
    (folder / "pyproject.toml").write_text(f'[tool.ninefold]\nproject = "{project}"\n')
    return Path(shutil.copy(Path(__file__).with_name(f"{project}.py"), folder / f"{project}.py"))


def shops(folder: Path) -> Path:
    """Items with a price and a pace of their own, sold every day."""
    draw = random.Random(3)
    items = {f"i{n}": (draw.uniform(1, 9), draw.uniform(2, 30)) for n in range(12)}
    listed = ["item,listed_at,price", *(f"{i},2024-01-01T00:00:00Z,{price:.2f}" for i, (price, _) in items.items())]
    rows = ["item,day,units,closed_at"]
    for day in range(DAYS):
        at = FIRST + timedelta(days=day)
        rows += [f"{i},{at:%Y-%m-%d},{max(0, round(draw.gauss(pace, 2)))},{at:%Y-%m-%d}T20:00:00Z" for i, (_, pace) in items.items()]
    return files(folder, "shops", {"listings.csv": listed, "sales.csv": rows})


def bins(folder: Path) -> Path:
    """Letters whose bin follows weight and width, mostly."""
    draw = random.Random(5)
    rows = ["letter,arrives_at,sorted_at,weight,width,bin"]
    for day in range(DAYS):
        for n in range(20):
            at = FIRST + timedelta(days=day, hours=6, minutes=20 * n)
            weight, width = draw.uniform(0, 10), draw.uniform(0, 10)
            bin_ = "heavy" if weight + draw.gauss(0, 1) > 6 else "wide" if width + draw.gauss(0, 1) > 6 else "small"
            rows.append(f"l{day:02}-{n:02},{at:%Y-%m-%dT%H:%M:%SZ},{at + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ},{weight:.2f},{width:.2f},{bin_}")
    return files(folder, "bins", {"letters.csv": rows})


def run(main: Path, *, as_of: datetime | None = None, **more: Any) -> running.Ran:
    """Run the project of a file."""
    settings = config.load(main.parent)
    at = micros(as_of) if as_of is not None else None
    return running.run(lambda: read(main, root=main.parent), settings, name=main.stem, main=main, as_of=at, **more)


def home(main: Path, **more: Any) -> Home:
    """The project's home."""
    return Home(config.load(main.parent), main.stem, **more)


def release(main: Path, endpoint: str, **more: Any) -> Any:
    """Freeze the project and release its newest version."""
    with home(main) as found:
        return deploy(found, read(main, root=main.parent), main, endpoint, **more)
