"""What the makers of steps share: the graph, the home, the instant as of which everything is seen, and the code's digests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninefold.engine.code import code_parts, value_part
from ninefold.engine.step import Output, Step
from ninefold.project.graph import Graph
from ninefold.project.home import Home
from ninefold.project.parts import Fixed, Together


@dataclass(frozen=True, slots=True)
class Making:
    """``as_of`` in µs: rows and columns that were not known then are not seen."""

    graph: Graph
    home: Home
    as_of: int

    @property
    def roots(self) -> list[Path]:
        """Where the project's own code lies."""
        return [self.graph.root, self.home.path("frozen")]

    def thing(self, name: str) -> Any:
        """The thing of that name."""
        return self.graph.things[name]

    def code(self, function: Callable[..., Any]) -> tuple[Fixed, str | None]:
        """The parts that a function's code adds to a key, and why it cannot be keyed, if it cannot."""
        found = code_parts(function, roots=self.roots)
        return Fixed(tuple(sorted(found.parts.items()))), found.uncacheable


def step(
    name: str, run: Callable[[Mapping[str, Output]], Output], *, kind: str, needs: tuple[str, ...] = (), parts: tuple[Any, ...] = (),
    subject: str, revision: int = 1, uncacheable: str | None = None, facts: Any = None, exists: Any = None,
) -> Step:
    """A step whose parts can be stored with the plan."""
    return Step(
        name, run, needs, Together(parts), kind, revision, uncacheable, subject=subject, facts=facts, exists=exists,
    )


def values(label: str, /, **given: Any) -> Fixed:
    """Parameters as parts of a key: ``label.name`` → digest of the value; None is left out."""
    return Fixed(tuple((f"param:{label}.{name}", value_part(value)) for name, value in sorted(given.items()) if value is not None))
