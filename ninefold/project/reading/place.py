"""Where something is declared: the statement that binds a name, and the line of a value inside it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def shown(path: Path, root: Path) -> str:
    """A path as people read it: relative to the project's root where it lies below."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


@dataclass(frozen=True, slots=True)
class Place:
    """The statements that bind a name, in the file (or notebook cell) ``file``."""

    file: str
    statement: ast.stmt | None = None

    def of(self, *values: Any) -> str:
        """``file:line`` of the first of these values that stands in the statement; else of its beginning."""
        return f"{self.file}:{self._line(values)}" if self.statement is not None else self.file

    def _line(self, values: tuple[Any, ...]) -> int:
        assert self.statement is not None
        for value in values:
            for node in ast.walk(self.statement):
                if _is(node, value):
                    return node.lineno  # type: ignore[attr-defined, no-any-return]
        return self.statement.lineno


def _is(node: ast.AST, value: Any) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is type(value) and bool(node.value == value)
    if isinstance(node, ast.keyword | ast.arg):
        return bool(node.arg == value)
    if isinstance(node, ast.Attribute):
        return bool(node.attr == value)
    return isinstance(node, ast.Name) and bool(node.id == value)


def bindings(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Name → the statements of the module that bind it, those inside ``if``, ``for``, ``with``, ``try`` too; imports left out."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in _statements(tree.body):
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            for name in _binds(statement):
                found.setdefault(name, []).append(statement)
    return found


def bound_names(statement: ast.stmt) -> set[str]:
    """Every name that a statement binds in its module."""
    return {name for inner in _statements([statement]) for name in _binds(inner)}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)


def _binds(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With):
        for node in _targets(statement):
            yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _targets(statement: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    if isinstance(statement, ast.With):
        return [item.optional_vars for item in statement.items if item.optional_vars is not None]
    return [statement.target]
