"""A project as an object: read from a file, or from the notebook that one works in."""

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from ninefold.config import Settings, load
from ninefold.errors import DeclarationError, DeclarationErrors
from ninefold.project.reading.graph import Graph
from ninefold.project.reading.names import name_things
from ninefold.project.reading.place import bindings
from ninefold.project.reading.read import read


@dataclass(frozen=True, eq=False, slots=True)
class Project:
    """What is declared, and where its state lives.

    >>> import ninefold as nf
    >>> orders = nf.Source("orders.csv")
    >>> nf.Project.here("shop").graph.of("source")["orders"] is orders
    True
    """

    graph: Graph
    settings: Settings

    @classmethod
    def read(cls, target: str | Path, *, environment: str | None = None) -> "Project":
        """The project of a file, a package or a module."""
        graph = read(target)
        return cls(graph, load(graph.root, environment))

    @classmethod
    def here(cls, name: str | None = None, *, environment: str | None = None) -> "Project":
        """The project of the notebook or script that calls this: what its variables hold now; the newest definition wins.

        ``name`` is the project's name (default: ``project`` in the settings, else the folder's name).

        >>> import ninefold as nf
        >>> raw = nf.Source("raw.csv")
        >>> list(nf.Project.here("shop").graph.things)
        ['raw']
        """
        frame: FrameType = sys._getframe(1)  # noqa: SLF001 - the caller's variables are the project
        settings = load(environment=environment)
        return cls(gather(frame.f_globals, name or _named(settings), settings.root), settings)

    def __repr__(self) -> str:
        return f"Project({self.graph.project!r}, {len(self.graph.things)} things)"


def _named(settings: Settings) -> str:
    """What a notebook's project is called: as the settings say, else like its folder; other characters become ``_``."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", Path(settings.project or settings.root.name).stem) or "here"


def gather(namespace: Mapping[str, Any], project: str, root: Path) -> Graph:
    """The graph of what a namespace holds; names that were only imported into it count too.

    Raises:
        DeclarationErrors: a name cannot be used, or nothing is declared.
    """
    cells = _cells(namespace)
    modules = []
    for name, value in namespace.items():
        file, statements = cells.get(name, ("notebook", []))
        modules.append(({name: value}, {name: statements}, file))
    named = name_things(modules, newest_wins=True)
    if named.errors:
        raise DeclarationErrors(named.errors)
    if not named.things:
        raise DeclarationErrors(
            [DeclarationError("nothing is declared here yet", hint='begin with a problem: delays = nf.Problem("Will it be late?", ...)')]
        )
    return Graph(project, root, named.things, {}, named.places)


def _cells(namespace: Mapping[str, Any]) -> dict[str, tuple[str, list[ast.stmt]]]:
    """Name → the newest notebook cell that binds it, and its statements (IPython keeps the cells in ``In``)."""
    found: dict[str, tuple[str, list[ast.stmt]]] = {}
    cells = namespace.get("In", [])
    for number, text in enumerate(cells if isinstance(cells, list) else []):
        try:
            tree = ast.parse(str(text))
        except SyntaxError:
            continue  # a cell with a shell line or a magic binds nothing that we could point at
        for name, statements in bindings(tree).items():
            found[name] = (f"cell [{number}]", statements)
    return found
