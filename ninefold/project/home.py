"""A project's home: its ledger, lake and blobs, each opened on first use (a command pays only for what it reads)."""

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ninefold import config
from ninefold.config import Settings
from ninefold.errors import NotFoundError
from ninefold.ledger.fact import RENAMED
from ninefold.secret import without_password

if TYPE_CHECKING:
    from ninefold.lake import Lake
    from ninefold.lake.table import LakeTable
    from ninefold.ledger import Ledger
    from ninefold.storage.blobs import Blobs


class Home:
    """The state of one project, or of a server without one."""

    def __init__(self, settings: Settings, project: str, *, actor: str | None = None) -> None:
        self.settings, self.project, self.actor = settings, project, actor

    @cached_property
    def ledger(self) -> "Ledger":
        from ninefold.ledger import Ledger
        from ninefold.storage.durable import make_folder

        make_folder(self.settings.home, mode=0o700)
        return Ledger.open(self.settings.ledger, home=self.settings.home, actor=self.actor, anchors=self.settings.anchor)

    @cached_property
    def lake(self) -> "Lake":
        from ninefold.lake import Lake

        return Lake(self.settings.lake)

    @cached_property
    def blobs(self) -> "Blobs":
        from ninefold.storage.blobs import Blobs
        from ninefold.storage.store import open_store

        return Blobs(open_store(self.settings.artifacts))

    def path(self, *parts: str) -> Path:
        """A path below the home."""
        return self.settings.home.joinpath(*parts)

    def journal(self, stream: str) -> Path:
        """The folder of a journal: ``predictions/desk``, ``updates/departures``, ``events/rebookings``."""
        kind, _, name = stream.partition("/")
        return self.path("journal", self.project, kind, *([self.kept(name)] if name else []))

    def stored(self, kind: str, name: str) -> "LakeTable":
        """The lake table of that kind (sources, tables, updates, quarantine, predictions, …) and name."""
        return self.lake.table(f"{self.project}/{kind}/{self.kept(name)}")

    def stored_folder(self, kind: str, name: str) -> str:
        """The folder of that lake table, for looking at its log without an engine."""
        return f"{self.settings.lake}/{self.project}/{kind}/{self.kept(name)}"

    def kept(self, name: str) -> str:
        """The name under which a thing's rows are kept: that of its first declaration, which ``was=`` goes on with."""
        before = {body["to"]: body["from"] for body in self._renames()}
        while name in before:
            name = before[name]
        return name

    def goes_on_as(self, name: str) -> str | None:
        """The newest name of a thing, where it was renamed."""
        after, found = {body["from"]: body["to"] for body in self._renames()}, None
        while name in after:
            name = found = after[name]
        return found

    def _renames(self) -> list[dict[str, Any]]:
        # asked anew each time: another process may rename, and it costs microseconds
        return [fact.body for fact in self.ledger.facts(kind=RENAMED, prefix=f"{self.project}/")]

    def subject(self, noun: str, name: str, version: object = None) -> str:
        """What a fact is about: ``flights/table/departures@12``."""
        return f"{self.project}/{noun}/{name}" + (f"@{version}" if version is not None else "")

    def close(self) -> None:
        """Close what was opened; the ledger signs its last checkpoint."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


# those that ran by their own file first: what clients log to another project must not change which one a command means
_RAN = """
select subject, 0 as place, max(at) as newest from facts where kind = 'run.started' and subject like '%/run' group by subject
union all select project || '/run', case project when 'default' then 1 else 2 end, max(started) from runs group by project
order by place, newest desc
"""


def projects(settings: Settings) -> list[str]:
    """The projects that this home knows: by their runs, also failed ones, then by those of scripts and clients; newest first."""
    with Home(settings, "") as home:
        return list(dict.fromkeys(row["subject"].partition("/")[0] for row in home.ledger.all(_RAN)))


class NoRunsError(NotFoundError):
    """Nothing has run here, and nothing was logged."""


def elsewhere(settings: Settings) -> str:
    """Where the runs of scripts are where they do not go into the home; empty where they do."""
    if not settings.uri:
        return ""
    url = without_password(settings.uri.rstrip("/"))
    return f"runs of scripts go to {url}: see {url}/runs"


def _first(settings: Settings) -> str:
    """What to do where there is nothing yet."""
    begin = "run a project: ninefold run FILE.py; or log with nf.track() in a script; or start a server: ninefold up"
    return "\n".join(filter(None, [elsewhere(settings), begin]))


def open_home(start: Path | None = None, environment: str | None = None, project: str | None = None) -> Home:
    """The home of the project found from ``start``: the one that the settings name, else the one that ran here last.

    Raises NoRunsError where nothing has run yet.
    """
    settings = config.load(start if start and start.is_dir() else config.find_root(start.parent if start else None), environment)
    if not settings.home.is_dir():
        raise NoRunsError(f"nothing has run in {settings.root} yet", hint=_first(settings))
    if project is None:
        project = Path(start).stem if start and start.suffix == ".py" else None
    if project is None:
        known = projects(settings)
        if not known:
            raise NoRunsError(f"there are no runs in {settings.root} yet", hint=_first(settings))
        named = Path(settings.project or "").stem
        project = named if named in known else known[0]
    return Home(settings, project)
