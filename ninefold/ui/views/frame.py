"""What stands around every page: the project, whether its problem is solved, the way to everything else."""

import msgspec

from ninefold.project.explaining.status import NOUNS
from ninefold.ui.reading import Reading
from ninefold.ui.views.standing import standings
from ninefold.ui.views.states import state_of
from ninefold.units import plural

_COUNT = """select (select count(*) from incidents where project = ? and state = 'open') as incidents,
(select count(*) from items where project = ? and state = 'open') as items"""
RECORDS = ("runs", "predictions", "incidents", "items", "facts")


class Way(msgspec.Struct):
    """A link of the contents; ``count`` open ones where that is worth saying, ``attention`` where somebody should look."""

    name: str
    path: str
    here: bool
    attention: bool = False
    count: int = 0


class Frame(msgspec.Struct):
    """``prefix`` goes before every path (``/~project`` or nothing); ``whole`` is the problems' standing together, empty where none is
    declared; ``who`` is signed in.
    """

    project: str
    prefix: str
    tz: str
    path: str
    head: int
    whole: str
    why: str
    stages: list[Way]
    records: list[Way]
    projects: list[str]
    who: str = ""


def frame(reading: Reading, path: str, prefix: str, projects: list[str]) -> Frame:
    """The frame of the page at ``path`` (without the prefix)."""
    here = path.split("/")[1] if path.count("/") else ""
    found = standings(reading)
    verdicts = [s.whole for s in found]
    whole = next((v for v in ("not solved", "not yet known", "solved") if v in verdicts), "")
    why = next((s.why for s in found if s.whole == whole), "nothing has run yet" if not reading.things else "no problem is declared")
    attention = reading.kept(
        "attention", lambda: {noun: any(state_of(reading, noun, n).level == "attention" for n in reading.of(noun)) for noun in NOUNS}
    )
    row = reading.home.ledger.one(_COUNT, reading.project, reading.project)
    counts = {"incidents": row["incidents"], "items": row["items"]} if row is not None else {}
    stages = [Way(plural(n).capitalize(), f"/{plural(n)}", here == plural(n), attention[n]) for n in NOUNS]
    records = [Way(n.capitalize(), f"/{n}", here == n, n == "incidents" and bool(counts.get(n)), counts.get(n, 0)) for n in RECORDS]
    return Frame(reading.project, prefix, reading.tz or "UTC", path, reading.home.ledger.head(), whole, why, stages, records, projects)
