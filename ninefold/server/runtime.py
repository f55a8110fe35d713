"""What a server holds of one project: its frozen code, released versions ready to answer, journals, the clock."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import Clock, SystemClock
from ninefold.endpoints import predictions
from ninefold.endpoints.questions import Questions, Request
from ninefold.endpoints.records import challenger, champion, current
from ninefold.endpoints.service import Loaded, Released, Service
from ninefold.errors import NotFoundError, closest
from ninefold.features.online import Fold
from ninefold.features.spec import GroupSpec
from ninefold.ids import digest_of
from ninefold.journal import Journal
from ninefold.lake.roll import Roller
from ninefold.models.records import version as version_of
from ninefold.project.home import Home
from ninefold.project.live.answers import decisions_frame
from ninefold.project.live.events import schema as event_schema
from ninefold.project.live.freeze import thaw
from ninefold.project.live.production import outcomes_frame
from ninefold.project.live.production import predictions as answered
from ninefold.project.live.sealed import bundle_of
from ninefold.project.reading.read import read
from ninefold.project.views import view
from ninefold.sources import posted
from ninefold.sources.events import Events
from ninefold.sources.source import Source
from ninefold.tables.incoming import ORDER, Incoming
from ninefold.units import DAY

if TYPE_CHECKING:
    from ninefold.project.reading.graph import Graph
    from ninefold.sources.collect import EventSchema

_log = logging.getLogger("ninefold.server")
_NEWEST = "select body from releases where project = ? and ended is null order by started desc, id desc limit 1"


@dataclass(slots=True)
class Runtime:
    """One project in a server. ``replay`` is the token of a replay, which alone may set decision times and move the clock."""

    home: Home
    clock: Clock = field(default_factory=SystemClock)
    replay: str | None = None
    graph: "Graph | None" = None
    frozen: str | None = None
    services: dict[str, Service] = field(default_factory=dict)
    folds: dict[str, Fold] = field(default_factory=dict)
    programs: dict[str, Questions] = field(default_factory=dict)
    journals: dict[str, Journal] = field(default_factory=dict)
    decoders: dict[str, Callable[[list[bytes]], Any]] = field(default_factory=dict)
    doors: dict[str, Incoming] = field(default_factory=dict)
    events: dict[str, "EventSchema"] = field(default_factory=dict)
    labels: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    order: int = 0
    guard: threading.RLock = field(default_factory=threading.RLock)
    rolling: threading.RLock = field(default_factory=threading.RLock)
    warming: list["Warming"] = field(default_factory=list)

    def start(self) -> None:
        """Load what is released: frozen code, what was journalled before, bundles, folds warmed from the lake as of the clock."""
        frozen = self._frozen()
        if frozen is not None:
            self.thawed(frozen)
            self.roll_all()
            self.order = max((self._newest_order(name) for name in self.doors), default=0)
        self.reload()
        for name, service in self.services.items():
            logged = answered(self.home, name, since=self.clock.now() - DAY)["retry"]
            service.retries.restore(text for text in logged.to_list() if text)

    def _frozen(self) -> str | None:
        """The code of the newest release that answers or is tried; before the first, the code that was frozen last."""
        row = self.home.ledger.one(_NEWEST, self.home.project)
        if row is not None and (frozen := msgspec.json.decode(row["body"]).get("frozen")):
            return str(frozen)
        facts = self.home.ledger.facts(kind="deploy.frozen", prefix=f"{self.home.project}/", newest_first=True, limit=1)
        return str(facts[0].body["digest"]) if facts else None

    def thawed(self, frozen: str) -> None:
        """Read frozen code, and open the doors that it declares."""
        graph = read(thaw(self.home, frozen), root=self.home.path("frozen", frozen))
        for name, source in graph.of("source").items():
            if isinstance(source, Events):
                shape = event_schema(self.home, source)
                self.events[name] = shape
                self.decoders[f"events/{name}"] = shape.frame
                if source.personal:
                    self.decoders[f"personal/{name}"] = shape.personal_frame
            elif isinstance(source, Source) and source.of is None:
                self.decoders[f"rows/{name}"] = posted.frame
        for name, table in graph.of("table").items():
            stored = self.home.stored("tables", name)
            if stored.version is not None:
                types = {c: str(t) for c, t in stored.scan().collect_schema().items()}
                self.doors[name] = Incoming(name, table, types)
                self.decoders[f"updates/{name}"] = self.doors[name].frame
        for name in graph.of("endpoint"):
            frames = {"predictions": predictions.frame, "outcomes": outcomes_frame, "decisions": decisions_frame}
            self.decoders |= {f"{kind}/{name}": frame for kind, frame in frames.items()}
        self.graph, self.frozen = graph, frozen

    def reload(self) -> None:
        """Bring every endpoint to the releases that the ledger names, and to their code. Loaded beside, swapped at once."""
        with self.rolling:
            frozen = self._frozen()
            if frozen is not None and frozen != self.frozen:
                self.thawed(frozen)
            if self.graph is None:
                return
            for name in [n for n in self.services if n not in self.graph.things]:
                self.services.pop(name)
            for name, endpoint in self.graph.of("endpoint").items():
                self._swap(name, endpoint)
            used = {v.questions for s in self.services.values() for v in (s.champion, s.challenger) if v is not None}
            with self.guard:
                for key in [k for k, questions in self.programs.items() if questions not in used]:
                    del self.programs[key], self.folds[key]

    def _swap(self, name: str, endpoint: Any) -> None:
        releases = current(self.home.ledger, self.home.project, name)
        first, second = champion(releases), challenger(releases)
        if first is None:
            self.services.pop(name, None)
            return
        service = self.services.get(name) or Service(name, self.clock)
        service.split_by, service.holdout = endpoint.release.by, endpoint.holdout
        keep = {(v.model, v.version): v for v in (service.champion, service.challenger) if v is not None}
        new = keep.get((first.model, first.version)) or self._loaded(first.model, first.version)
        other = None if second is None else keep.get((second.model, second.version)) or self._loaded(second.model, second.version)
        service.released = Released(new, other, second.share if second is not None else 0.0)
        self.services[name] = service
        self._watch_label(name)

    def _loaded(self, model: str, number: int) -> Loaded:
        stored = version_of(self.home.ledger, self.home.project, model, number)
        bundle = bundle_of(self.home, stored)
        key = digest_of([bundle.features, bundle.request])
        if key not in self.programs:
            groups = [msgspec.convert(g, GroupSpec) for g in bundle.features]
            questions, fold = Questions(msgspec.convert(bundle.request, Request), groups), Fold(groups)
            self._warm(key, fold)
            self.programs[key] = questions
        return Loaded(number, bundle, self.programs[key], self.folds[key], model)

    def _warm(self, key: str, fold: Fold) -> None:
        """Fill a fold from the lake. What arrives meanwhile waits, and is applied where the lake did not have it yet."""
        assert self.graph is not None
        waiting = Warming()
        with self.guard:
            self.warming.append(waiting)
        try:
            now = self.clock.now()
            with self.rolling:  # nothing else moves rows between the look at their order and the view
                for name in fold.tables:
                    self.roll(f"updates/{name}")
                    waiting.seen[name] = self._newest_order(name)
                    fold.warm(name, view(self.home, name, self.graph.things[name], as_of=now).collect(), now)  # type: ignore[arg-type]
            with self.guard:
                waiting.drain(fold)
                self.folds[key] = fold
        finally:
            with self.guard:
                self.warming.remove(waiting)

    def _newest_order(self, table: str) -> int:
        """The number of the newest update that the lake has; numbers go on from there after a restart."""
        import polars as pl

        stored = self.home.stored("updates", table)
        return 0 if stored.version is None else int(stored.scan().select(pl.col(ORDER).max()).collect().item() or 0)

    def numbered(self) -> int:
        """The next place in the order of updates."""
        with self.guard:
            self.order += 1
            return self.order

    def apply(self, table: str, rows: Sequence[tuple[int, dict[str, Any]]], received: int | None) -> None:
        """Bring updates, each with its number, to every fold."""
        with self.guard:
            plain = [row for _, row in rows]
            for fold in self.folds.values():
                fold.apply(table, plain, received)
            for waiting in self.warming:
                waiting.rows.append((table, rows, received))

    def _watch_label(self, endpoint: str) -> None:
        """Which column of which table tells an endpoint's outcomes."""
        assert self.graph is not None
        thing: Any = self.graph.things[endpoint]
        if thing.registered is not None:
            return  # no problem says where its truth would come from
        model = self.graph.resolve(thing.model, ("model",))[1]
        target = self.graph.resolve(model.problem, ("problem",))[1].predict
        if isinstance(target.label, str):
            table = self.graph.resolve(target.of, ("table",))[0]
            watching = self.labels.setdefault(table, [])
            if (endpoint, target.label) not in watching:
                watching.append((endpoint, target.label))

    def journal(self, stream: str, *, strict: bool = True) -> Journal:
        """The journal of a stream, opened on first use."""
        with self.guard:
            if stream not in self.journals:
                self.journals[stream] = Journal(self.home.journal(stream), mode="strict" if strict else "fast")
            return self.journals[stream]

    def service(self, name: str) -> Service:
        """The endpoint of that name; NotFoundError with what there is."""
        if name not in self.services:
            known = self.graph.of("endpoint") if self.graph else {}
            if name in known:
                raise NotFoundError(f'nothing is released to "{name}" yet', hint=f"ninefold deploy {name}")
            raise NotFoundError(f'there is no endpoint "{name}"', hint=closest(name, known))
        return self.services[name]

    def strict(self, endpoint: str) -> bool:
        """Whether an answer is on disk before it is given."""
        assert self.graph is not None
        thing: Any = self.graph.things[endpoint]
        if thing.log is not None:
            return bool(thing.log == "strict")
        if thing.registered is not None:
            return False
        model = self.graph.resolve(thing.model, ("model",))[1]
        return bool(self.graph.resolve(model.problem, ("problem",))[1].risk.level == "high")

    def roll(self, stream: str) -> int:
        """Move a stream's sealed segments into its lake table."""
        decode = self.decoders.get(stream)
        if decode is None or not self.home.journal(stream).is_dir():
            return 0
        with self.rolling:
            with self.guard:
                journal = self.journals.get(stream)
            if journal is not None:
                journal.rotate()
            kind, _, name = stream.partition("/")
            return Roller(self.home.stored(kind, name), self.home.journal(stream), decode, name=stream).roll()

    def roll_all(self) -> int:
        """Move everything that was journalled into the lake. A stream that cannot be moved stays in its journal, and holds up no other."""
        moved = 0
        for stream in list(self.decoders):
            try:
                moved += self.roll(stream)
            except Exception:  # one stream's decoding must not keep the others from the lake
                _log.exception("the journal %s could not be moved; nothing of it is lost, it is tried again", stream)
        return moved

    def stop(self) -> None:
        """Close the journals, and move what they hold."""
        with self.guard:
            journals, self.journals = list(self.journals.values()), {}
        for journal in journals:
            journal.close()
        self.roll_all()


@dataclass(eq=False, slots=True)
class Warming:
    """Updates that arrive while a fold is being filled; ``seen`` is the newest number that the lake had, by table."""

    seen: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[str, Sequence[tuple[int, dict[str, Any]]], int | None]] = field(default_factory=list)

    def drain(self, fold: Fold) -> None:
        for table, rows, received in self.rows:
            fold.apply(table, [row for order, row in rows if order > self.seen.get(table, 0)], received)
