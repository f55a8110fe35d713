"""Which project a request is about, and its records: the one place where the protocol meets what is ours."""

from dataclasses import dataclass
from functools import cached_property

from ninefold.accounts.caller import LOCAL
from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import Experiments
from ninefold.runs.logged import LoggedModels
from ninefold.runs.meant import DEFAULT, NAME
from ninefold.runs.records import Runs
from ninefold.web.call import Call

ACTOR = 250  # characters
_KNOWN = 1000  # projects whose records are kept open; they are only handles


@dataclass(frozen=True)
class Place:
    """One project, as the protocol's endpoints see it."""

    project: str
    ledger: Ledger
    home: Home

    @cached_property
    def experiments(self) -> Experiments:
        """Its experiments."""
        return Experiments(self.ledger, self.project)

    @cached_property
    def runs(self) -> Runs:
        """Its runs."""
        return Runs(self.ledger, self.home.blobs, self.project)

    @cached_property
    def files(self) -> Files:
        """Its files, by path."""
        return Files(self.ledger, self.home.blobs, self.project)

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.ledger, self.project)

    @cached_property
    def logged(self) -> LoggedModels:
        """Its logged models."""
        return LoggedModels(self.ledger, self.project)


class Tracking:
    """What the endpoints of one server share."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.project = home.project or DEFAULT
        self._places: dict[str, Place] = {}

    def of(self, call: Call) -> Place:
        """The project that the path (``/~project``) or the client's workspace names, else the server's own."""
        name = call.project or self.project  # permit settled which one the call names
        found = self._places.get(name)
        if found is None:
            found = self._place(name)
        return found

    def _place(self, name: str) -> Place:
        if not NAME.fullmatch(name):
            raise NotFoundError(f"there is no project {name[:80]!r}", hint="letters, digits, _ - and . make a name")
        if len(self._places) >= _KNOWN:
            self._places.clear()
        return self._places.setdefault(name, Place(name, self.home.ledger, self.home))


def actor(call: Call, claimed: str | None) -> str:
    """Who begins something: who is signed in; where nobody has to, who the client says that it is."""
    return claimed[:ACTOR] if call.who is LOCAL and claimed else str(call.who.name)
