"""The syntax trees of functions and classes, and their digests: comments, docstrings, layout and place do not count."""

import ast
import hashlib
import linecache
import os
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = Function | ast.ClassDef
_SKIPPED = frozenset({"ctx", "type_comment", "kind", "type_ignores", "lineno", "col_offset"})
_trees: dict[str, tuple[tuple[int, int], "Tree | None"]] = {}


class Tree:
    """A parsed file with its definitions by line and by qualified name."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.by_line: dict[int, list[Definition]] = {}
        self.by_name: dict[str, list[_Scope]] = {}
        self._index(module, "")

    def _index(self, node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            inside = prefix
            if isinstance(child, _Scope):
                name = f"{prefix}{child.name}"
                first = child.decorator_list[0].lineno if child.decorator_list else child.lineno
                self.by_line.setdefault(first, []).append(child)
                self.by_name.setdefault(name, []).append(child)
                inside = f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            elif isinstance(child, ast.Lambda):
                self.by_line.setdefault(child.lineno, []).append(child)
                inside = f"{prefix}<lambda>.<locals>."
            self._index(child, inside)


def tree_of(file: str) -> Tree | None:
    """The tree of a file or a notebook cell, None if there is no source. Parsed again when the file has changed."""
    try:
        stat = os.stat(file)
        stamp = (stat.st_mtime_ns, stat.st_size)
    except OSError:
        lines = linecache.getlines(file)
        stamp = (hash("".join(lines)), len(lines))
    known = _trees.get(file)
    if known is None or known[0] != stamp:
        linecache.checkcache(file)
        text = "".join(linecache.getlines(file))
        try:
            known = _trees[file] = (stamp, Tree(ast.parse(text)) if text else None)
        except SyntaxError:
            known = _trees[file] = (stamp, None)
    return known[1]


def definitions(code: CodeType) -> list[Function]:
    """The definitions that a code object may come from: one, or all lambdas that begin on its line."""
    tree = tree_of(code.co_filename)
    if tree is None:
        return []
    found = tree.by_line.get(code.co_firstlineno, [])
    if code.co_name == "<lambda>":
        return [node for node in found if isinstance(node, ast.Lambda)]
    return [node for node in found if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name]


def classes(cls: type, file: str) -> list[_Scope]:
    """The class statements of that qualified name in a file."""
    tree = tree_of(file)
    return [node for node in (tree.by_name.get(cls.__qualname__, []) if tree else []) if isinstance(node, ast.ClassDef)]


def digest_nodes(nodes: "list[Any]", dropped: Callable[[ast.expr], bool] = lambda decorator: False) -> str:
    """SHA-256 of what the nodes say, without decorators that are ``dropped``."""
    out: list[str] = []
    for node in nodes:
        _dump(node, out, dropped)
    return hashlib.sha256("".join(out).encode("utf-8", "surrogatepass")).hexdigest()


def _dump(node: Any, out: list[str], dropped: Callable[[ast.expr], bool]) -> None:
    if isinstance(node, list):
        out.append("[")
        for item in node:
            _dump(item, out, dropped)
        out.append("]")
    elif isinstance(node, ast.AST):
        out.append(f"({type(node).__name__}")
        for name in node._fields:
            if name in _SKIPPED:
                continue
            value: Any = getattr(node, name, None)
            if (
                name == "body"
                and isinstance(value, list)
                and value
                and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module))
            ):
                value = value[1:] if _is_docstring(value[0]) else value
            elif name == "decorator_list":
                value = [each for each in value if not dropped(each)]
            out.append(f" {name}=")
            _dump(value, out, dropped)
        out.append(")")
    else:
        out.append(f"{type(node).__name__}:{node!r} ")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def chains(nodes: "list[Any]") -> Iterator[tuple[str, tuple[str, ...], ast.AST | None]]:
    """Every name that is read, with the attributes read from it, and the call or subscript made with it, if any.

    ``os.environ["HOME"]`` gives ``("os", ("environ",), <the subscript>)``.
    """
    for node in nodes:
        yield from _chains(node, (), None)


def _chains(node: ast.AST, attributes: tuple[str, ...], use: ast.AST | None) -> Iterator[tuple[str, tuple[str, ...], ast.AST | None]]:
    if isinstance(node, ast.Attribute):
        yield from _chains(node.value, (node.attr, *attributes), use)
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node.id, attributes, use
    elif isinstance(node, ast.Call):
        yield from _chains(node.func, (), node)
        for child in (*node.args, *node.keywords):
            yield from _chains(child, (), None)
    elif isinstance(node, ast.Subscript):
        yield from _chains(node.value, (), node)
        yield from _chains(node.slice, (), None)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _chains(child, (), None)


def imports(nodes: "list[Any]", package: str) -> Iterator[tuple[str, str, str | None]]:
    """What is imported inside: local name, module, and the name in it (None: the module itself)."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield (alias.asname or alias.name.partition(".")[0]), (alias.name if alias.asname else alias.name.partition(".")[0]), None
                    if not alias.asname and "." in alias.name:
                        yield "", alias.name, None
            elif isinstance(node, ast.ImportFrom):
                base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield (alias.asname or alias.name), module, alias.name
