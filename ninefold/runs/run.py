"""One execution, and what is said where it is not there or takes no writes."""

from typing import Literal

import msgspec

from ninefold.errors import ConflictError, NotFoundError
from ninefold.ledger import Row

Status = Literal["scheduled", "running", "done", "failed", "killed"]
State = Literal["active", "deleted"]
ENDED = frozenset({"done", "failed", "killed"})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. Times are microseconds UTC; ``experiment`` is the number of an experiment of its project, ``parent`` the
    run that it is part of, ``root`` the URI below which its files lie.
    """

    id: str
    project: str
    experiment: int
    name: str
    status: Status
    state: State = "active"
    started: int
    ended: int | None = None
    updated: int = 0
    parent: str | None = None
    root: str = ""
    source: str = ""
    actor: str = ""


def run_of(row: Row) -> Run:
    """A run's row as a value."""
    return Run(**{name: row[name] for name in Run.__struct_fields__})


def subject(run: Run) -> str:
    """What facts about a run are about."""
    return f"{run.project}/run/{run.id}"


def found(row: Row | None, id: str, project: str | None = None) -> Run:
    """The run of a row that was looked for; NotFoundError where there is none, or it is another project's."""
    if row is None or not row["project"] or (project is not None and row["project"] != project):  # none: about to be removed
        raise missing(id)
    return run_of(row)


def missing(id: str) -> NotFoundError:
    """There is no such run."""
    return NotFoundError(f'there is no run "{id[:80]}"', hint="list them: ninefold runs list")


def removed(id: str) -> ConflictError:
    """The run was removed, so it takes no writes."""
    return ConflictError(f"the run {id} is deleted", hint="restore it first, or log to another run")
