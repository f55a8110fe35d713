"""Checking a project before anything runs: all that can be known to be wrong is said, each with its place."""

from ninefold.config import Settings
from ninefold.project.check import features, hypotheses, models, problems, tables, watch, wiring
from ninefold.project.check.built import check_built
from ninefold.project.check.notes import Checked, Notes
from ninefold.project.reading.graph import Graph

__all__ = ["Checked", "check", "check_built"]


def check(graph: Graph, settings: Settings | None = None) -> Checked:
    """Everything that is wrong with a project, and what looks wrong.

    Errors stop a run; warnings do not. Data is not touched: what needs the columns of tables is said by
    :func:`check_built`. With ``settings`` the connections are looked up in the environment.
    """
    notes = Notes(graph)
    for part in (wiring, problems, tables, features, models, hypotheses, watch):
        part.check(notes)
    if settings is not None:
        wiring.check_connections(notes, settings)
    return Checked(notes.errors, notes.warnings)
