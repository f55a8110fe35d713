"""What a server holds of one project: its frozen code, released versions ready to answer, journals, the clock."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.bundles.load import load as load_bundle
from ninefold.clock import Clock, SystemClock
from ninefold.endpoints import predictions
from ninefold.endpoints.questions import Questions, Request
from ninefold.endpoints.records import challenger, champion, current
from ninefold.endpoints.service import Loaded, Service
from ninefold.errors import NotFoundError, closest
from ninefold.features.online import Fold
from ninefold.features.spec import GroupSpec
from ninefold.ids import digest_of
from ninefold.journal import Journal
from ninefold.lake.roll import Roller
from ninefold.models.records import version as version_of
from ninefold.project.events import schema as event_schema
from ninefold.project.freeze import thaw
from ninefold.project.home import Home
from ninefold.project.production import outcomes_frame
from ninefold.project.read import read
from ninefold.project.views import view
from ninefold.sources.events import Events
from ninefold.tables.incoming import Incoming

if TYPE_CHECKING:
    from ninefold.project.graph import Graph
    from ninefold.sources.collect import EventSchema


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

    def start(self) -> None:
        """Load what is released: frozen code, bundles, folds warmed from the lake as of the clock."""
        fact = self.home.ledger.facts(kind="deploy.frozen", prefix=f"{self.home.project}/", newest_first=True, limit=1)
        if fact:
            self.thawed(fact[0].body["digest"])
        self.reload()

    def thawed(self, frozen: str) -> None:
        """Read frozen code, and open the doors that it declares."""
        self.graph, self.frozen = read(thaw(self.home, frozen), root=self.home.path("frozen", frozen)), frozen
        for name, source in self.graph.of("source").items():
            if isinstance(source, Events):
                shape = event_schema(self.home, source)
                self.events[name] = shape
                self.decoders[f"events/{name}"] = shape.frame
                if source.personal:
                    self.decoders[f"personal/{name}"] = shape.personal_frame
        for name, table in self.graph.of("table").items():
            stored = self.home.stored("tables", name)
            if stored.version is not None:
                types = {c: str(t) for c, t in stored.scan().collect_schema().items()}
                self.doors[name] = Incoming(name, table, types)
                self.decoders[f"updates/{name}"] = self.doors[name].frame

    def reload(self) -> None:
        """Bring every endpoint to the releases that the ledger names. Loaded beside, swapped at once."""
        if self.graph is None:
            return
        for name, endpoint in self.graph.of("endpoint").items():
            releases = current(self.home.ledger, self.home.project, name)
            first, second = champion(releases), challenger(releases)
            if first is None:
                self.services.pop(name, None)
                continue
            service = self.services.get(name) or Service(name, self.clock, split_by=endpoint.release.by, holdout=endpoint.holdout)
            keep = {loaded.version: loaded for loaded in (service.champion, service.challenger) if loaded is not None}
            new = keep.get(first.version) or self._loaded(first.model, first.version)
            other = None if second is None else keep.get(second.version) or self._loaded(second.model, second.version)
            # one reference after the other; a question in between sees the old pair or the new one, both whole
            service.challenger, service.share = None, 0.0
            service.champion = new
            if other is not None and second is not None:
                service.challenger, service.share = other, second.share
            self.services[name] = service
            self.decoders[f"predictions/{name}"] = predictions.frame
            self.decoders[f"outcomes/{name}"] = outcomes_frame
            self._watch_label(name)

    def _loaded(self, model: str, number: int) -> Loaded:
        stored = version_of(self.home.ledger, self.home.project, model, number)
        bundle = load_bundle(self.home.path("bundles", stored.bundle), digest=stored.digest)
        key = digest_of([bundle.features, bundle.request])
        groups = [msgspec.convert(g, GroupSpec) for g in bundle.features]
        if key not in self.programs:
            self.programs[key] = Questions(msgspec.convert(bundle.request, Request), groups)
            self.folds[key] = self._warmed(groups)
        return Loaded(number, bundle, self.programs[key], self.folds[key])

    def _warmed(self, groups: Sequence[GroupSpec]) -> Fold:
        assert self.graph is not None
        fold = Fold(groups)
        now = self.clock.now()
        for name in fold.tables:
            self.roll(f"updates/{name}")
            fold.warm(name, view(self.home, name, self.graph.things[name], as_of=now).collect(), now)  # type: ignore[arg-type]
        return fold

    def _watch_label(self, endpoint: str) -> None:
        """Which column of which table tells an endpoint's outcomes."""
        assert self.graph is not None
        model = self.graph.resolve(self.graph.things[endpoint].model, ("model",))[1]  # type: ignore[attr-defined]
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
        model = self.graph.resolve(thing.model, ("model",))[1]
        return bool(self.graph.resolve(model.problem, ("problem",))[1].risk.level == "high")

    def roll(self, stream: str) -> int:
        """Move a stream's sealed segments into its lake table."""
        decode = self.decoders.get(stream)
        if decode is None or not self.home.journal(stream).is_dir():
            return 0
        if stream in self.journals:
            self.journals[stream].rotate()
        kind, _, name = stream.partition("/")
        return Roller(self.home.stored(kind, name), self.home.journal(stream), decode, name=stream).roll()

    def roll_all(self) -> int:
        """Move everything that was journalled into the lake."""
        return sum(self.roll(stream) for stream in list(self.decoders))

    def stop(self) -> None:
        """Close the journals, and move what they hold."""
        for journal in self.journals.values():
            journal.close()
        self.journals.clear()
        self.roll_all()


