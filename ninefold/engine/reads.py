"""What a function reads from its surroundings: environment variables, files, code chosen by name."""

import ast
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ninefold.engine import source

_READERS = {
    "polars": ("read_", "scan_"),
    "pandas": ("read_",),
    "duckdb": ("read_", "from_", "sql", "query", "execute", "connect"),
    "numpy": ("load", "loadtxt", "genfromtxt", "fromfile", "memmap"),
    "pyarrow": ("memory_map", "input_stream", "OSFile"),
    "requests": ("",),
    "httpx": ("",),
    "httpx2": ("",),
    "urllib": ("",),
    "sqlite3": ("connect",),
    "io": ("open",),
}
_DYNAMIC = ("eval", "exec", "__import__", "compile")


class Read(NamedTuple):
    """A read: the part's name and digest, or no name and the reason why it cannot be one."""

    name: str | None
    digest: str
    reason: str


def environment(nodes: Sequence[Any], scope: Mapping[str, Any], local: Mapping[str, Any]) -> Iterator[Read]:
    """The reads in a body: literal ones as parts, others as reasons against caching."""
    library = _library_aliases(nodes)
    for name, attributes, use in source.chains(list(nodes)):
        value = local.get(name, scope.get(name))
        module = library.get(name) or (value.__name__ if isinstance(value, ModuleType) else "")
        path = ".".join((module, *attributes)) if module else ""
        if path.startswith("os.environ") or path == "os.getenv" or value is os.environ or value is os.getenv:
            yield _variable(use)
        elif use is not None and isinstance(use, ast.Call):
            yield from _file(name, attributes, path, use, known=name in scope or name in local)


def _library_aliases(nodes: Sequence[Any]) -> dict[str, str]:
    """Libraries that the body itself imports, by local name."""
    return {alias: module if name is None else f"{module}.{name}" for alias, module, name in source.imports(list(nodes), "") if alias}


def _variable(use: ast.AST | None) -> Read:
    name: Any = None
    if isinstance(use, ast.Subscript) and isinstance(use.slice, ast.Constant):
        name = use.slice.value
    elif isinstance(use, ast.Call) and use.args and isinstance(use.args[0], ast.Constant):
        name = use.args[0].value
    if not isinstance(name, str):
        return Read(None, "", "it reads environment variables whose names are not written in the code")
    value = os.environ.get(name)
    # only a digest is kept: the value may be a secret
    return Read(f"env:{name}", "unset" if value is None else hashlib.sha256(f"{name}={value}".encode("utf-8", "surrogateescape")).hexdigest(), "")


def _file(name: str, attributes: tuple[str, ...], path: str, use: ast.Call, known: bool) -> Iterator[Read]:
    called = ".".join((name, *attributes))
    if not attributes and not known and name in _DYNAMIC:
        yield Read(None, "", f"it calls {name}: what that runs is not known")
    elif path == "importlib.import_module":
        yield Read(None, "", "it imports modules by name: which ones is not known")
    elif (name == "open" and not attributes and not known) or _is_reader(path):
        given = use.args[0] if use.args else None
        if isinstance(given, ast.Constant) and isinstance(given.value, str) and os.path.isfile(given.value):
            yield Read(f"file:{given.value}", hashlib.sha256(Path(given.value).read_bytes()).hexdigest(), "")
        elif not _reads_memory(path, use):
            yield Read(None, "", f"it reads something undeclared with {called}(...): make it a source and take it as a parameter")


def _is_reader(path: str) -> bool:
    top, _, rest = path.partition(".")
    last = rest.rpartition(".")[2]
    return bool(rest) and any(last.startswith(prefix) for prefix in _READERS.get(top, ()))


def _reads_memory(path: str, use: ast.Call) -> bool:
    """DuckDB's relations over frames that the function has: the argument is a name or nothing, not a text."""
    return path.startswith("duckdb.from_") and bool(use.args) and isinstance(use.args[0], ast.Name)
