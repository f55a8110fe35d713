"""What a check finds: errors and warnings, each at the line of the declaration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ninefold.errors import DeclarationError, DeclarationErrors, NinefoldError
from ninefold.project.reading.graph import Graph


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong (``errors``) and what looks wrong (``warnings``)."""

    errors: list[DeclarationError]
    warnings: list[DeclarationError]

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.errors

    def raise_errors(self) -> "Checked":
        """Itself, where nothing is wrong.

        Raises:
            DeclarationErrors: everything that is wrong.
        """
        if self.errors:
            raise DeclarationErrors(self.errors)
        return self


@dataclass(slots=True)
class Notes:
    """Collects errors and warnings about the things of a graph."""

    graph: Graph
    errors: list[DeclarationError] = field(default_factory=list)
    warnings: list[DeclarationError] = field(default_factory=list)

    def error(self, name: str, message: str, hint: str = "", *, at: Sequence[Any] = ()) -> None:
        """Something about the thing ``name`` is wrong; ``at`` are values to point at in its declaration."""
        self.errors.append(DeclarationError(message, hint=hint, where=self.graph.place(name, *at)))

    def warn(self, name: str, message: str, hint: str = "", *, at: Sequence[Any] = ()) -> None:
        """Something about the thing ``name`` looks wrong."""
        self.warnings.append(DeclarationError(message, hint=hint, where=self.graph.place(name, *at)))

    def attempt(self, name: str, action: Callable[[], Any], *, at: Sequence[Any] = ()) -> Any:
        """What ``action`` gives, or None where it raised one of our errors, which is noted."""
        try:
            return action()
        except NinefoldError as error:
            self.error(name, error.message, error.hint, at=at)
            return None

    def find(self, to: Any, *nouns: str) -> Any:
        """The thing of a reference, or None where there is none (the check of the wiring says so)."""
        try:
            return self.graph.resolve(to, nouns)[1]
        except DeclarationError:
            return None
