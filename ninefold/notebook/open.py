"""``nf.open()``: a project as an object, for notebooks and scripts; the same answers as the command line gives."""

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ninefold import config
from ninefold.clock import iso, micros
from ninefold.errors import NotFoundError, closest
from ninefold.notebook.opened import OpenModel, OpenTable
from ninefold.project.home import Home, projects
from ninefold.project.live.clocks import judging_now

if TYPE_CHECKING:
    import polars as pl

    from ninefold.engine import Planned
    from ninefold.project.explaining.reasons import WhyIncident, WhyStep
    from ninefold.project.explaining.status import Status
    from ninefold.project.explaining.why import Origin, Why
    from ninefold.project.reading.graph import Graph
    from ninefold.project.running import Ran


def open(path: str | Path | None = None, environment: str | None = None) -> "OpenProject":
    """Open the project of a file or folder (default: the one that the settings found from here name).

    Nothing is imported or run until it is asked for. Raises NotFoundError where there is no project.

    >>> import ninefold as nf
    >>> project = nf.open("shop.py")  # doctest: +SKIP
    >>> project.table("orders").read().height  # doctest: +SKIP
    120
    """
    start = Path(path).absolute() if path is not None else None
    if start is not None and start.suffix == ".py":
        if not start.is_file():
            raise NotFoundError(f"there is no file {start}", hint=closest(start.name, [p.name for p in start.parent.glob("*.py")]))
        return OpenProject(Home(config.load(config.find_root(start.parent), environment), start.stem), start)
    settings = config.load(config.find_root(start), environment)
    if start is not None and (start / "__init__.py").is_file():
        return OpenProject(Home(settings, start.name), start / "__init__.py")
    if settings.project is not None:
        from ninefold.project.reading.read import locate

        main = locate(settings.project, settings.root)
        return OpenProject(Home(settings, main.parent.name if main.name == "__init__.py" else main.stem), main)
    known = projects(settings) if settings.home.is_dir() else []
    if not known:
        raise NotFoundError(f"there is no project in {settings.root}", hint='name its file: nf.open("shop.py")')
    return OpenProject(Home(settings, known[0]), None)


class OpenProject:
    """A project and its state. Close it, or use it in a ``with``, to sign the ledger's last facts."""

    def __init__(self, home: Home, main: Path | None) -> None:
        self.home, self.main = home, main

    @property
    def name(self) -> str:
        """The project's name."""
        return self.home.project

    @cached_property
    def graph(self) -> "Graph":
        """What the file declares, read once (the user's modules are imported)."""
        from ninefold.project.reading.read import read

        if self.main is None:
            raise NotFoundError(f'it is not known which file declares "{self.name}"', hint='name it: nf.open("shop.py")')
        return read(self.main, root=self.home.settings.root)

    def run(self, as_of: str | int | None = None, *, tz: str | None = None, targets: list[str] | None = None, force: tuple[str, ...] = ()) -> "Ran":
        """Run what has changed, as ``ninefold run`` does. ``as_of`` is ISO 8601 (in ``tz`` where it has no offset) or µs.

        The file is read anew. Raises StepError, DeclarationErrors and what the steps raise.
        """
        from ninefold.project import running
        from ninefold.project.reading.read import read

        self.__dict__.pop("graph", None)
        assert self.main is not None or self.graph  # says which file is missing
        main = self.main or Path()
        at = micros(as_of, tz) if as_of is not None else None
        return running.run(
            lambda: read(main, root=self.home.settings.root), self.home.settings, name=self.name, main=main, as_of=at, targets=targets, force=force
        )

    def plan(self, as_of: str | int | None = None, *, tz: str | None = None) -> "list[Planned]":
        """What a run would do, step by step, and why."""
        from ninefold.project import running

        self.__dict__.pop("graph", None)
        return running.plan(self.graph, self.home.settings, as_of=micros(as_of, tz) if as_of is not None else None)

    def status(self) -> "Status":
        """Solved or not, the nine stages, what waits for whom, the next command."""
        from ninefold.project.explaining.status import status

        return status(self.home)

    def why(self, what: str) -> "Why | WhyStep | WhyIncident | Origin":
        """Everything behind a prediction's id, a step, a version (``"forecast@2"``) or an incident."""
        from ninefold.project.explaining.reasons import why

        return why(self.home, what)

    def table(self, name: str) -> OpenTable:
        """A stored table. Raises NotFoundError with the nearest right name."""
        return OpenTable(self, self._known("table", name))

    def model(self, name: str) -> OpenModel:
        """A model and its versions. Raises NotFoundError with the nearest right name."""
        return OpenModel(self, self._known("model", name))

    def predict(self, endpoint: str, question: Any, *, asked_at: str | int | None = None, tz: str | None = None, explain: bool = False) -> Any:
        """Answer a question (a dict) or a list of them here, with features as known at ``asked_at`` (default: now).

        The endpoint's champion answers, by the same code as over HTTP. Nothing is logged: production asks the endpoint.

        >>> project.predict("desk", {"flight_id": "2013-12-01-UA-1", "origin": "EWR"})["score"]  # doctest: +SKIP
        0.31
        """
        from ninefold.project.live.answering import predict

        at = micros(asked_at, tz) if asked_at is not None else judging_now(self.home)
        return predict(self.home, self._known("endpoint", endpoint), question, at=at, explain=explain)

    def score(self, endpoint: str, frame: Any, *, at: str | int | None = None, tz: str | None = None) -> "pl.DataFrame":
        """Scores of many questions by the batch kernel: a row for each, with its key, ``asked_at``, ``score``, ``decision``, ``version``.

        ``frame`` is any frame with the request's columns. Each question is asked at its decision time, where the problem says
        one, else at ``at`` (default: now).
        """
        from ninefold.project.live.scoring import score
        from ninefold.tables.frames import from_any

        rows = from_any(frame, said="the questions are").collect()
        return score(self.home, self._known("endpoint", endpoint), rows, at=micros(at, tz) if at is not None else None)

    def predictions(self, endpoint: str, *, since: str | int | None = None, until: str | int | None = None) -> "pl.DataFrame":
        """The log of an endpoint's answers, with the values as served (JSON in ``row``, ``values``, ``scores``, ``decisions``).

        ``since`` and ``until`` bound the decision times.
        """
        from ninefold.project.live.production import predictions

        first, last = (micros(t) if t is not None else None for t in (since, until))
        return predictions(self.home, self._known("endpoint", endpoint), since=first, until=last)

    def names(self, noun: str) -> list[str]:
        """The names of all things of a noun: ``project.names("table")``."""
        from ninefold.project.explaining.why import declared

        things = declared(self.home)
        if not things and self.main is not None:
            return list(self.graph.of(noun))
        return [name for name, thing in things.items() if thing["noun"] == noun]

    def _known(self, noun: str, name: str) -> str:
        known = self.names(noun)
        if name not in known:
            raise NotFoundError(f'there is no {noun} called "{name}"', hint=closest(name, known))
        return name

    def close(self) -> None:
        """Close what was opened."""
        self.home.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        found = self.status() if self.home.settings.home.is_dir() else None
        solved = "; ".join(f"{p.problem} {p.verdict}" for p in found.problems) if found else "nothing has run yet"
        ran = f", last run {found.run['state']} {iso(found.run['at'])}" if found and found.run else ""
        return f"<project {self.name} in {self.home.settings.root}: {solved or 'nothing has run yet'}{ran}>"
