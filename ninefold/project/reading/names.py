"""What things are called: the variable that holds them, in the module that defines them."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ninefold.errors import DeclarationError
from ninefold.project.reading.place import Place
from ninefold.things import Thing

RESERVED = frozenset({"predictions"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(slots=True)
class Named:
    """Things by name in the order of their definition, where each is declared, and what is wrong with the names."""

    things: dict[str, Thing] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    errors: list[DeclarationError] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)

    def add(self, name: str, thing: Thing, place: Place) -> None:
        if (first := self._names.get(id(thing))) is not None:
            self.errors.append(
                DeclarationError(
                    f'one {thing.noun} has two names: "{first}" ({self.places[first].of()}) and "{name}"',
                    hint="keep one of them; a name that starts with _ does not count",
                    where=place.of(),
                )
            )
        elif name in self.things:
            self.errors.append(
                DeclarationError(
                    f'two things are called "{name}"; the first one is a {self.things[name].noun} at {self.places[name].of()}',
                    hint="rename one of them: a name is used once in a project",
                    where=place.of(),
                )
            )
        else:
            self.things[name], self.places[name], self._names[id(thing)] = thing, place, name
            self._check(name, thing, place)

    def has(self, thing: Thing) -> bool:
        return id(thing) in self._names

    def _check(self, name: str, thing: Thing, place: Place) -> None:
        if name in RESERVED:
            self.errors.append(
                DeclarationError(
                    f'a {thing.noun} is called "{name}"',
                    hint="that name means an endpoint's answers in the parameters of metrics; choose another",
                    where=place.of(),
                )
            )
        for part in name.split("."):
            if not _NAME.fullmatch(part):
                self.errors.append(
                    DeclarationError(f'"{part}" cannot be a name', hint="use letters, digits and _, beginning with a letter", where=place.of(part))
                )


def name_things(modules: Iterable[tuple[Mapping[str, Any], Mapping[str, list[ast.stmt]], str]], *, newest_wins: bool = False) -> Named:
    """The names of all things in the modules' namespaces, each given with what its statements bind and its file's name.

    Variables first; a dictionary of things names those that no variable holds (``stores["rome"]`` is ``stores.rome``).
    With ``newest_wins`` (notebooks) a name may be bound again, and the newest variable names a thing.
    """
    named = Named()
    modules = list(modules)
    for namespace, bound, file in modules:
        for name, value in namespace.items():
            if isinstance(value, Thing) and name in bound and not name.startswith("_"):
                statements = bound[name]
                place = Place(file, statements[-1] if statements else None)
                if newest_wins and named.has(value):
                    continue
                named.add(name, value, place)
                named.errors += [] if newest_wins else _rebound(name, value, statements, file)
    for namespace, bound, file in modules:
        for name, value in namespace.items():
            if isinstance(value, dict) and name in bound and not name.startswith("_"):
                place = Place(file, bound[name][-1] if bound[name] else None)
                for path, thing in _entries(name, value):
                    if not named.has(thing):
                        named.add(path, thing, place)
    return named


def _rebound(name: str, thing: Thing, statements: list[ast.stmt], file: str) -> list[DeclarationError]:
    """An error where a name was first bound to another declaration, which nobody can see any more."""
    declared = [s for s in statements if _declares(s)]
    if len(declared) < 2:
        return []
    return [
        DeclarationError(
            f'"{name}" is declared twice: the {thing.noun} of line {declared[0].lineno} is lost',
            hint="rename one of them: a name is used once in a project",
            where=f"{file}:{declared[-1].lineno}",
        )
    ]


def _declares(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef):
        return bool(statement.decorator_list)
    return isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call)


def _entries(name: str, value: Mapping[Any, Any]) -> Iterator[tuple[str, Thing]]:
    """The things of a dictionary that holds only things (or such dictionaries) under texts."""
    if not value or not all(isinstance(k, str) and isinstance(v, Thing | dict) for k, v in value.items()):
        return
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _entries(f"{name}.{key}", item)
        else:
            yield f"{name}.{key}", item
