"""What an import reads from: one contract over a server, a database and a folder of files."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeVar

from ninefold.errors import DataError
from ninefold.models.registry.load import PastName
from ninefold.runs.pasts.history import PastExperiment, PastModel, PastRun, PointRow
from ninefold.runs.traces.trace import Whole

RunStamp = tuple[PastRun, str]
T = TypeVar("T")


class FileSet(Protocol):
    """The files of one run or logged model."""

    def names(self) -> Iterator[str]:
        """Their paths, in any order."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """The content of one, in chunks."""
        ...


class Skipped(NamedTuple):
    """Something that was not brought over, and why."""

    what: str
    why: str


def readable(skipped: list[Skipped], what: str, read: Callable[[], T]) -> T | None:
    """What was read; None, and told as skipped, where it says what cannot be: one bad entry does not stop the others."""
    try:
        return read()
    except DataError as error:
        skipped.append(Skipped(what, str(error)))
        return None


class Source(Protocol):
    """A tracker that is read. Nothing is ever written to it.

    ``origin`` says which one it is, without secrets, the same in every call. ``skipped`` grows while it is read: what could
    not be read and why.
    """

    origin: str
    skipped: list[Skipped]

    def experiments(self) -> list[PastExperiment]:
        """All experiments, also deleted ones."""
        ...

    def runs(self, experiment: PastExperiment) -> Iterator[RunStamp]:
        """The runs of an experiment, also deleted ones, oldest first; each with a text that changes when the run does."""
        ...

    def points(self, run: PastRun) -> Iterator[tuple[str, list[PointRow]]]:
        """The points of a run by metric, in order: by step, time, value; each once. A metric may come in several pieces."""
        ...

    def models(self, experiment: PastExperiment) -> Iterator[PastModel]:
        """The logged models of an experiment."""
        ...

    def traces(self, experiment: PastExperiment) -> Iterator[Whole]:
        """The traces of an experiment with their spans; the number of their experiment is 0 until they are here."""
        ...

    def registered(self) -> Iterator[PastName]:
        """Registered models, with sources as they are there."""
        ...

    def files(self, experiment: PastExperiment, owner: PastRun | PastModel | Whole) -> FileSet | None:
        """The files of a run or logged model; None where they lie where nobody said that they may be read (see ``skipped``)."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How much there is, by kind, counted without reading it all. Kinds that cannot be counted so are left out."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
