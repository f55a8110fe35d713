"""What a user declares: immutable values, wired to each other by reference or by name, compared by identity."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from ninefold.errors import DeclarationError


class Thing:
    """A declared thing. Its name is the variable that holds it; ``noun`` is the word for its kind in paths and subjects."""

    __slots__ = ()

    noun: ClassVar[str] = "thing"

    def __bool__(self) -> bool:
        raise DeclarationError(
            f"a {type(self).__name__} is neither true nor false", hint="compare parts of it one at a time; things are declared, not computed with"
        )


def declare(thing: Any, *values: Any) -> None:
    """Set the fields of a frozen dataclass once, in their order; for constructors that accept more than they keep."""
    for field, value in zip(fields(thing), values, strict=True):
        object.__setattr__(thing, field.name, value)


def look_like(thing: Any, function: Callable[..., Any]) -> None:
    """Give a thing that was made of a function that function's name, module, documentation and source."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        object.__setattr__(thing, name, getattr(function, name, None))
    object.__setattr__(thing, "__wrapped__", function)


@dataclass(frozen=True, eq=False, slots=True)
class Ref:
    """A reference from one thing to another: the thing itself, or its name."""

    to: "Thing | str"
    nouns: tuple[str, ...]
    field: str

    @property
    def text(self) -> str:
        return self.to if isinstance(self.to, str) else type(self.to).__name__


def frozen_mapping(value: dict[str, Any] | None) -> tuple[tuple[str, Any], ...]:
    """A dictionary as an immutable sequence of its pairs, in its order. Raises DeclarationError for anything else."""
    if value is not None and not isinstance(value, Mapping):
        raise DeclarationError(f"{value!r} gives no names", hint='write a dictionary: {"name": ..., "other": ...}')
    return tuple((value or {}).items())


def as_tuple(value: Any) -> tuple[Any, ...]:
    """One value or several, always as a tuple; None is none.

    >>> as_tuple("origin"), as_tuple(["a", "b"]), as_tuple(None)
    (('origin',), ('a', 'b'), ())
    """
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)


def values_in(value: Any) -> Iterator[Any]:
    """Every value inside a declared thing, depth first, without entering other things."""
    yield value
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from values_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from values_in(item)
    elif is_dataclass(value) and not isinstance(value, (Thing, type)):
        for field in fields(value):
            yield from values_in(getattr(value, field.name))
