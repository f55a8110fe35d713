"""What arrived of the runs of scripts, and what is still to be delivered."""

from pathlib import Path
from typing import Self

from ninefold.ledger import Ledger
from ninefold.runs import Runs
from ninefold.runs.many import Detail, details
from ninefold.storage.blobs import Blobs
from ninefold.storage.local import LocalStore


class Arrived:
    """What is in the ledger of a home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __enter__(self) -> Self:
        self.ledger = Ledger.open(f"sqlite:///{self.home}/ledger.db", anchors=self.home / "anchors")
        self.runs = Runs(self.ledger, Blobs(LocalStore(self.home / "blobs")))
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def all(self) -> list[Detail]:
        """Every run, oldest first."""
        ids = [row["id"] for row in self.ledger.all("select id from runs order by started, id")]
        return list(details(self.ledger, ids).values())

    def values(self, id: str, key: str) -> dict[int, float]:
        """The points of a metric by step."""
        return {p.step: p.value for p in self.runs.points(id, key)}


def spools(folder: Path) -> list[Path]:
    """Spools that are left."""
    return [path for path in folder.glob("*") if path.is_dir()]
