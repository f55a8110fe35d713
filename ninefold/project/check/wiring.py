"""References, parameters, circles, renames, connections."""

from functools import partial
from typing import Any

from ninefold.config import Settings
from ninefold.endpoints import Endpoint
from ninefold.errors import closest
from ninefold.project.check.notes import Notes
from ninefold.project.reading.wire import Bound, function_of, references
from ninefold.sources import Source
from ninefold.tables import Table
from ninefold.things import Thing

FRAMES = (
    "polars.LazyFrame",
    "polars.DataFrame",
    "duckdb.DuckDBPyRelation",
    "pandas.DataFrame",
    "pyarrow.Table",
    "pyarrow.RecordBatchReader",
    "pyspark.DataFrame",
)
SCHEMES = frozenset({"file", "memory", "s3", "gs", "az", "http", "https", "postgresql", "sqlite", "duckdb", "kafka", "log", "mailto", "models"})


def check(notes: Notes) -> None:
    """Every reference and parameter names a thing that fits; nothing needs itself; renames do not collide."""
    before = len(notes.errors)
    for name, thing in notes.graph.things.items():
        for ref in references(thing):
            shown = ref.to if isinstance(ref.to, str) else _variable(notes, ref.to)
            notes.attempt(name, partial(notes.graph.resolve, ref), at=(shown, ref.field))
        if function_of(thing) is not None:
            for bound in notes.attempt(name, partial(notes.graph.parameters, name)) or []:
                _annotation(notes, name, bound)
    if len(notes.errors) == before:
        notes.attempt(next(iter(notes.graph.things)), notes.graph.order)
    _renames(notes)


def _variable(notes: Notes, to: Any) -> str:
    """The variable that a reference was written with, to point at."""
    names = [name for name, thing in notes.graph.things.items() if thing is to]
    return names[0].partition(".")[0] if names else ""


def _annotation(notes: Notes, name: str, bound: Bound) -> None:
    """The parameter's annotation must be a kind of frame that we can give."""
    given = bound.annotation
    if bound.kind == "parameter" or given is None or given is Any:
        return
    if isinstance(given, str):
        fits = any(frame.rpartition(".")[2] == given.rpartition(".")[2] for frame in FRAMES)
        shown = given
    else:
        shown = f"{given.__module__.partition('.')[0].lstrip('_')}.{given.__qualname__}" if isinstance(given, type) else str(given)
        fits = shown in FRAMES
    if not fits:
        notes.error(
            name, f'the parameter "{bound.name}" is annotated {shown}, which is no frame', f"choose one of {', '.join(FRAMES)}", at=(bound.name,)
        )


def _renames(notes: Notes) -> None:
    """``was=`` names a former name: not one that is still in use, and each once for its noun."""
    taken: dict[tuple[str, str], str] = {}
    for name, thing in notes.graph.things.items():
        was = getattr(thing, "was", None)
        if was is None:
            continue
        other = notes.graph.things.get(was)
        if was == name:
            notes.error(name, f'"{name}" was always called "{was}"', "leave was= out", at=(was, "was"))
        elif other is not None and other.noun == thing.noun:
            notes.error(
                name,
                f'"{name}" continues the history of "{was}", which is still declared at {notes.graph.place(was)}',
                "remove one of them",
                at=(was, "was"),
            )
        elif (thing.noun, was) in taken:
            notes.error(name, f'"{name}" and "{taken[thing.noun, was]}" both say was="{was}"', "a history has one heir", at=(was, "was"))
        taken.setdefault((thing.noun, was), name)


def address(thing: Thing) -> str | None:
    """The URL, path or connection of a thing that lies elsewhere."""
    if isinstance(thing, Source | Table):
        return thing.of if isinstance(thing.of, str) else None
    return thing.to if isinstance(thing, Endpoint) else None


def connection_of(text: str) -> str | None:
    """The connection that an address begins with: ``"warehouse"`` of ``"warehouse:marts.usage"``; None for URLs and paths."""
    scheme, colon, _ = text.partition(":")
    return scheme if colon and scheme.isidentifier() and scheme not in SCHEMES else None


def check_connections(notes: Notes, settings: Settings) -> None:
    """Warn of connections that this environment does not have; a run that reaches them stops."""
    for name, thing in notes.graph.things.items():
        text = address(thing)
        connection = connection_of(text) if text else None
        if connection and connection not in settings.connections:
            known = closest(connection, settings.connections)
            notes.warn(
                name,
                f'the environment "{settings.environment}" has no connection "{connection}"',
                f'{known}; add {connection} = "..." under [tool.ninefold.connections]',
                at=(text,),
            )
