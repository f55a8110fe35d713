"""A project as a graph: its things by name, and how they are wired."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ninefold.errors import DeclarationError, closest
from ninefold.project.reading.place import Place
from ninefold.project.reading.wire import PREDICTIONS, ROWS, Bound, function_of, positional, references, signature
from ninefold.things import Ref, Thing


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """Everything that a project declares.

    ``things`` by name in the order of their definition; ``files`` the project's own modules with the bytes that were
    read, in the order in which they were loaded.
    """

    project: str
    root: Path
    things: dict[str, Thing]
    files: dict[Path, bytes] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    _names: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", {id(thing): name for name, thing in self.things.items()})

    @property
    def module_files(self) -> list[Path]:
        """The files of the project's modules."""
        return list(self.files)

    def of(self, noun: str) -> dict[str, Any]:
        """The things of one noun, by name: ``graph.of("table")``."""
        return {name: thing for name, thing in self.things.items() if thing.noun == noun}

    def name_of(self, thing: Thing) -> str:
        """The name of a thing.

        Raises:
            DeclarationError: no variable holds it.
        """
        try:
            return self._names[id(thing)]
        except KeyError:
            raise DeclarationError(
                f"a {thing.noun} has no name", hint="assign it to a variable of a module (one that does not start with _)"
            ) from None

    def resolve(self, to: "Thing | str | Ref", nouns: Sequence[str] = ()) -> tuple[str, Any]:
        """Name and thing of a reference; its noun must be one of ``nouns`` (none: any).

        Raises:
            DeclarationError: there is no such thing (with the closest name), or it is of another noun.
        """
        if isinstance(to, Ref):
            return self.resolve(to.to, nouns or to.nouns)
        wanted = " or ".join(nouns) or "thing"
        if isinstance(to, str):
            if to not in self.things:
                fitting = [n for n, t in self.things.items() if not nouns or t.noun in nouns]
                raise DeclarationError(f'there is no {wanted} called "{to}"', hint=closest(to, fitting))
            name, thing = to, self.things[to]
        elif isinstance(to, Thing):
            name, thing = (self.name_of(to) if not nouns or to.noun in nouns else self._names.get(id(to), "it")), to
        else:
            raise DeclarationError(f"{to!r} is no {wanted}", hint=f"give a {wanted}, or its name")
        if nouns and thing.noun not in nouns:
            raise DeclarationError(f'"{name}" is a {thing.noun}, and a {wanted} is wanted here')
        return name, thing

    def parameters(self, thing: "Thing | str") -> list[Bound]:
        """What each parameter of a thing's function receives; none for a thing without a function.

        Raises:
            DeclarationError: a parameter that names nothing and has no default.
        """
        thing = self.things[thing] if isinstance(thing, str) else thing
        function = function_of(thing)
        if function is None:
            return []
        parameters, given = signature(function), positional(thing)
        if len(given) > len(parameters):
            raise DeclarationError(f"{len(given)} things are given by position, and {function.__name__} takes {len(parameters)}")
        found = [self._given(p, to) for p, to in zip(parameters, given, strict=False)]
        return found + [self._bound(p, thing) for p in parameters[len(given) :]]

    def _given(self, parameter: inspect.Parameter, to: "Thing | str") -> Bound:
        return Bound(parameter.name, _annotation(parameter), self.resolve(to, ROWS)[0])

    def _bound(self, parameter: inspect.Parameter, thing: Thing) -> Bound:
        name, annotation = parameter.name, _annotation(parameter)
        found = self.things.get(name)
        if thing.noun == "metric" and name == PREDICTIONS:
            return Bound(name, annotation, None, "predictions")
        if thing.noun == "metric" and found is not None and found.noun == "endpoint":
            return Bound(name, annotation, name, "predictions")
        if found is not None and found.noun in ROWS and found is not thing:
            return Bound(name, annotation, name)
        if parameter.default is not parameter.empty:
            return Bound(name, annotation, None, "parameter", parameter.default)
        if found is not None:
            what = "itself" if found is thing else f"a {found.noun}"
            raise DeclarationError(f'the parameter "{name}" names {what}, which has no rows to read', hint="name a table or a source")
        rows = [n for n, t in self.things.items() if t.noun in ROWS and t is not thing]
        known = [*rows, PREDICTIONS] if thing.noun == "metric" else rows
        raise DeclarationError(
            f'the parameter "{name}" names no table and no source', hint=f"{closest(name, known)}; a parameter of the step needs a default"
        )

    def needs(self, name: str) -> tuple[str, ...]:
        """The names of the things that a thing is wired to, each once: references first, then parameters.

        Predictions are left out: a metric reads them when there are some, and that is no cycle.
        """
        thing = self.things[name]
        found = [self.resolve(ref)[0] for ref in references(thing)]
        found += [b.thing for b in self.parameters(thing) if b.thing is not None and b.kind == "rows"]
        return tuple(dict.fromkeys(found))

    def order(self) -> list[str]:
        """All names, each after those that it needs; otherwise as defined.

        Raises:
            DeclarationError: a cycle, with its path.
        """
        done: dict[str, None] = {}
        for name in self.things:
            self._visit(name, [], done)
        return list(done)

    def _visit(self, name: str, path: list[str], done: dict[str, None]) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            raise DeclarationError(f"things need each other in a circle: {' → '.join(circle)}", where=self.place(name))
        if name not in done:
            for need in self.needs(name):
                self._visit(need, [*path, name], done)
            done[name] = None

    def place(self, name: str, *values: Any) -> str:
        """``file:line`` where a thing is declared, or where one of ``values`` stands in its declaration."""
        place = self.places.get(name)
        return place.of(*values) if place else ""


def _annotation(parameter: inspect.Parameter) -> Any:
    return None if parameter.annotation is parameter.empty else parameter.annotation
