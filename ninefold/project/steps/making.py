"""What the makers of steps share: the graph, the home, the instant as of which everything is seen, and the code's digests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninefold.engine.code import code_parts, value_part
from ninefold.engine.step import Output, Step
from ninefold.engine.values import Uncacheable
from ninefold.project.home import Home
from ninefold.project.parts import Fixed, Together
from ninefold.project.reading.graph import Graph


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

    def code(self, function: Callable[..., Any]) -> Fixed:
        """The parts that a function's code adds to a key."""
        found = code_parts(function, roots=self.roots)
        return Fixed(tuple(sorted(found.parts.items())), found.uncacheable)

    def values(self, label: str, /, **given: Any) -> Fixed:
        """Parameters as parts of a key: ``label.name`` → digest of the value; None is left out."""
        try:
            named = sorted((name, value) for name, value in given.items() if value is not None)
            return Fixed(tuple((f"param:{label}.{name}", value_part(value, roots=self.roots)) for name, value in named))
        except Uncacheable as error:
            return Fixed((), error.message)

    def meaning(self, *tables: str) -> Fixed:
        """What the rows of tables mean: whatever reads known times, keys or zones depends on it, also where the rows stay the same."""
        declared = {name: self.thing(name) for name in tables}
        return self.values("meaning", **{n: [t.key, t.time, t.until, t.tz, t.known, t.later] for n, t in declared.items()})


def step(
    name: str,
    run: Callable[[Mapping[str, Output]], Output],
    *,
    kind: str,
    needs: tuple[str, ...] = (),
    parts: tuple[Any, ...] = (),
    subject: str,
    revision: int = 1,
    uncacheable: str | None = None,
    facts: Any = None,
    exists: Any = None,
) -> Step:
    """A step whose parts can be stored with the plan; it has no key where ``uncacheable``, or one of its parts, says why."""
    unkeyed = [uncacheable, *(p.unkeyed for p in parts if isinstance(p, Fixed))]
    why = next((reason for reason in unkeyed if reason), None)
    return Step(name, run, needs, Together(parts), kind, revision, why, subject=subject, facts=facts, exists=exists)
