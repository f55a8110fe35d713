"""What pages read of one project: its described things, its facts and records, remembered until the ledger grows."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from ninefold.clock import now
from ninefold.errors import NotFoundError, closest
from ninefold.ledger import Fact
from ninefold.models.registry import records
from ninefold.project.home import Home

T = TypeVar("T")
MOST = 200  # values that outlive a fact
COSTLY, RESTS = 0.05, 20.0  # what takes longer than 50 ms takes at most a twentieth of the time
_PLANS = "select body from plans where project = ? order by at desc limit 5"


class Described(msgspec.Struct, frozen=True):
    """A thing as its project's file declares it (see ``ninefold.project.reading.described``)."""

    noun: str
    doc: str = ""
    where: str = ""
    source: str = ""
    needs: list[str] = []
    says: dict[str, str] = {}
    tz: str | None = None
    personal: list[str] = []
    candidates: list[str] = []


class _Lasting(NamedTuple):
    stamp: Any
    value: Any
    until: float


class Reading:
    """One project as pages see it. Thread-safe. What costs more than a query is kept while no fact is added."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._head = -1
        self._kept: dict[Any, Any] = {}
        self._lasting: dict[Any, _Lasting] = {}
        self._lock = threading.Lock()

    @property
    def project(self) -> str:
        """The project's name."""
        return self.home.project

    def kept(self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` gave since the last fact."""
        head = self.home.ledger.head()
        with self._lock:
            if head != self._head:
                self._head, self._kept = head, {}
            if key in self._kept:
                return cast("T", self._kept[key])
            kept = self._kept
        made = make()
        kept[key] = made
        return made

    def lasting(self, key: Any, stamp: Any, make: Callable[[], T]) -> T:
        """What ``make`` gave while ``stamp`` was the same, whatever facts were added. What is costly may lag behind its stamp:
        it is made anew at the earliest after ``RESTS`` times as long as it took.
        """
        began = time.monotonic()
        found = self._lasting.get(key)
        if found is not None and (found.stamp == stamp or began < found.until):
            return cast("T", found.value)
        value = make()
        ended = time.monotonic()
        took = ended - began
        with self._lock:
            self._lasting.pop(key, None)
            self._lasting[key] = _Lasting(stamp, value, ended + RESTS * took if took > COSTLY else ended)
            while len(self._lasting) > MOST:
                del self._lasting[next(iter(self._lasting))]
        return value

    @property
    def things(self) -> dict[str, Described]:
        """The things that the file declared when it last ran, by name, as they are defined; none before the first whole run."""
        return self.kept("things", self._things)

    def _things(self) -> dict[str, Described]:
        fact = self.home.ledger.last("project.declared", f"{self.project}/project")
        if fact is not None:
            # a fact's keys are sorted; people read things in the order of the file
            found = {n: msgspec.convert(t, Described) for n, t in fact.body["things"].items()}
            return dict(sorted(found.items(), key=lambda item: _place(item[1].where)))
        for row in self.home.ledger.all(_PLANS, self.project):
            things = msgspec.json.decode(row["body"]).get("things", {})
            if things and all(isinstance(t, dict) for t in things.values()):
                return {n: msgspec.convert(t, Described) for n, t in things.items()}
        return {}

    def of(self, noun: str) -> dict[str, Described]:
        """The things of one noun."""
        return {n: t for n, t in self.things.items() if t.noun == noun}

    def thing(self, noun: str, name: str) -> Described:
        """A thing by noun and name; also one that only facts or the registry know. Raises NotFoundError with the nearest name."""
        found = self.things.get(name)
        if found is not None and found.noun == noun:
            return found
        if noun == "model" and (registered := records.models(self.home.ledger, self.project, [name])):
            return Described(noun, doc=registered[0].description)
        if self.about(noun, name, limit=1):
            return Described(noun)
        raise NotFoundError(f'there is no {noun} called "{name}"', hint=closest(name, self.of(noun)))

    @property
    def tz(self) -> str | None:
        """The project's time zone: that of its first table which has one."""
        return next((t.tz for t in self.things.values() if t.tz), None)

    @property
    def simulated(self) -> dict[str, str]:
        """Sources whose rows are simulated, and what reads them: name → the rule by which they are made."""
        return self.kept("simulated", self._simulated)

    def _simulated(self) -> dict[str, str]:
        facts = self.home.ledger.facts(kind="source.simulated", prefix=f"{self.project}/source/")
        found = {f.subject.rpartition("/")[2]: str(f.body.get("rule", "")) for f in facts}
        for name, thing in self.things.items():
            rules = [found[n] for n in thing.needs if n in found] if thing.noun in {"table", "metric", "features"} else []
            if rules:
                found.setdefault(name, rules[0])
        return found

    def needed_by(self, name: str) -> list[str]:
        """The things that need this one."""
        return [n for n, t in self.things.items() if name in t.needs]

    def needs(self, name: str, noun: str) -> list[str]:
        """The things of a noun that this one needs."""
        return [n for n in self.things[name].needs if n in self.things and self.things[n].noun == noun] if name in self.things else []

    # facts and records

    def last(self, kind: str, noun: str, name: str, version: object = None) -> Fact | None:
        """The newest fact of a kind about a thing; without ``version`` about any version of it."""
        return self.kept(("last", kind, noun, name, version), lambda: self._last(kind, noun, name, version))

    def _last(self, kind: str, noun: str, name: str, version: object) -> Fact | None:
        found = self.about(noun, name, kinds=[kind], limit=1, version=version)
        return found[0] if found else None

    def about(self, noun: str, name: str, *, kinds: Sequence[str] | None = None, limit: int = 12, version: object = None) -> list[Fact]:
        """Facts about a thing and its versions, the newest first."""
        subject = self.home.subject(noun, name, version)
        ledger = self.home.ledger
        exact = ledger.facts(subject=subject, kind=kinds, newest_first=True, limit=limit)
        versions = [] if version is not None else ledger.facts(prefix=subject + "@", kind=kinds, newest_first=True, limit=limit)
        return sorted([*exact, *versions], key=lambda f: -f.seq)[:limit]

    def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Rows of a record table, with their JSON body decoded."""
        found = [dict(row) for row in self.home.ledger.all(sql, *args)]
        for row in found:
            if isinstance(row.get("body"), str):
                row["body"] = msgspec.json.decode(row["body"])
        return found

    def blob(self, digest: str) -> Any:
        """A JSON document among the blobs."""
        return self.lasting(("blob", digest), None, lambda: msgspec.json.decode(self.home.blobs.get(digest)))

    @property
    def clock(self) -> int:
        """The instant that open spans reach to: the judging clock of the newest fact that has one (a replay's), or now."""
        return self.kept("clock", self._clock)

    def _clock(self) -> int:
        recent = self.home.ledger.facts(prefix=f"{self.project}/", newest_first=True, limit=40)
        return next((w for f in recent if isinstance(w := f.body.get("when"), int)), now())


def _place(where: str) -> tuple[str, int]:
    file, _, line = where.rpartition(":")
    return file, int(line) if line.isdigit() else 0
