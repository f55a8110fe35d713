"""What a function's result depends on besides its arguments, followed through the project's own modules.

The project's functions and classes count by their syntax trees, constants, defaults and closures by their content, libraries
by their version, environment variables by their value. A name that cannot be followed makes the function uncacheable, with
the reason: it is never guessed. Out of sight are sockets, subprocesses and files that libraries open by themselves.
"""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import msgspec

from ninefold.engine import reads, source
from ninefold.engine.packages import distribution_of, is_project_file, is_standard
from ninefold.engine.values import Uncacheable, digest_value
from ninefold.ids import digest_of

_MISSING = object()


class CodeParts(msgspec.Struct, frozen=True):
    """Parts of a key by name (``code:flights.late``, ``constant:flights.LIMIT``, ``package:polars``, ``env:STAGE``, ``python``), and
    why the function must not be cached, if so.
    """

    parts: dict[str, str]
    uncacheable: str | None = None


def code_parts(function: Callable[..., Any], *, roots: Sequence[Path] = ()) -> CodeParts:
    """What determines the results of ``function``.

    ``roots`` are folders whose code is the project's; other code that is not installed is followed as well.
    """
    follower = _Follower(tuple(Path(root).resolve() for root in roots))
    follower.follow(function)
    return follower.result()


def value_part(value: Any, *, roots: Sequence[Path] = ()) -> str:
    """SHA-256 of a parameter: plain values, containers, estimators, Polars expressions, dataclasses, functions with their code.

    Raises Uncacheable with the reason where the content cannot be told for certain.

    >>> value_part({"a": [1, 2.0]}) == value_part({"a": [1, 2.0]}), value_part(1) == value_part(1.0)
    (True, False)
    """
    follower = _Follower(tuple(Path(root).resolve() for root in roots))
    own = digest_value(value, follower.follow)
    found = follower.result()
    if found.uncacheable:
        raise Uncacheable(found.uncacheable)
    return digest_of([own, sorted(found.parts.items())])


class _Follower:
    """Collects parts, visiting each function, class and constant once."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self.roots = roots
        self.parts: dict[str, str] = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
        self.reasons: list[str] = []
        self.seen: dict[int, Any] = {}  # keeps what was visited alive, so that an id stands for one object

    def result(self) -> CodeParts:
        return CodeParts(dict(sorted(self.parts.items())), "; ".join(dict.fromkeys(self.reasons)) or None)

    def follow(self, what: Any) -> str:
        """Visit code; the text that stands for it where it is part of a value is its name, the content is in ``parts``."""
        if isinstance(what, (staticmethod, classmethod)):
            what = what.__func__
        if isinstance(what, property):
            return "+".join(self.follow(f) for f in (what.fget, what.fset, what.fdel) if f is not None)
        name = f"{getattr(what, '__module__', '')}.{getattr(what, '__qualname__', repr(type(what)))}"
        if id(what) in self.seen:
            return name
        self.seen[id(what)] = what
        if isinstance(what, MethodType):
            self._value(f"self:{name}", what.__self__)
            return self.follow(what.__func__)
        if isinstance(what, ModuleType):
            self._module(what)
            return what.__name__
        if isinstance(what, FunctionType) and is_project_file(_file_of_function(what), self.roots):
            self._function(what, name)
        elif isinstance(what, type) and (file := _file_of(what)) is not None and is_project_file(file, self.roots):
            self._class(what, name, file)
        elif isinstance(what, (FunctionType, type, BuiltinFunctionType)) or not hasattr(what, "__wrapped__"):
            # a wrapper calls itself by the name and module of what it wraps; its globals tell where it is from
            own = what.__globals__.get("__name__") if isinstance(what, FunctionType) else getattr(what, "__module__", None)
            self._library(own or type(what).__module__)
            if isinstance(what, FunctionType):
                self._closure(what, name)  # a library's wrapper around a project function
        if hasattr(what, "__wrapped__"):
            self.follow(what.__wrapped__)
        return name

    def _function(self, function: FunctionType, name: str) -> None:
        nodes = source.definitions(function.__code__)
        scope = function.__globals__
        if not nodes:
            # made by exec, or its file is gone: the bytecode is all there is
            self.parts[f"code:{name}"] = _digest_code(function.__code__)
            self._names(dict.fromkeys(function.__code__.co_names, ()), scope, {})
        else:
            self.parts[f"code:{name}"] = source.digest_nodes(nodes, lambda decorator: _is_ours(decorator, scope))
            inside = [part for node in nodes for part in _inside(node)]
            self._body(inside, scope, _own_names(function, inside))
            # decorators are evaluated outside, where a parameter of the same name does not hide anything
            self._body([d for node in nodes for d in getattr(node, "decorator_list", ()) if not _is_ours(d, scope)], scope, frozenset())
        defaults = inspect.signature(function, follow_wrapped=False).parameters.values()
        for parameter in defaults:
            if parameter.default is not parameter.empty:
                self._value(f"default:{name}.{parameter.name}", parameter.default)
        self._closure(function, name)

    def _closure(self, function: FunctionType, name: str) -> None:
        for variable, value in _free(function).items():
            if value is not function:
                self._value(f"closure:{name}.{variable}", value)

    def _class(self, cls: type, name: str, file: str) -> None:
        nodes = source.classes(cls, file)
        scope = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
        if nodes:
            self.parts[f"code:{name}"] = source.digest_nodes(nodes, lambda decorator: _is_ours(decorator, scope))
            self._body(nodes, scope, frozenset())
        else:
            self.reasons.append(f"the source of the class {name} cannot be found")
        for base in (*cls.__bases__, type(cls)):
            self.follow(base)
        for attribute, member in list(vars(cls).items()):
            function = getattr(member, "__func__", member)
            if not isinstance(function, FunctionType):
                # values in the class statement are in its text; others were put there since
                if not attribute.startswith("__"):
                    with suppress(Uncacheable):
                        self.parts[f"constant:{name}.{attribute}"] = digest_value(member, self.follow)
            elif not function.__code__.co_filename.startswith("<"):
                # generated methods (of dataclasses, say) follow from the class; left are cells and methods made elsewhere
                if function.__code__.co_filename == file and function.__qualname__.startswith(cls.__qualname__ + "."):
                    self._closure(function, f"{name}.{function.__name__}")
                else:
                    self.follow(function)

    def _module(self, module: ModuleType) -> None:
        """A module that is used as a whole, by getattr or as a value: everything defined in it counts."""
        file = getattr(module, "__file__", None)
        if file is None or not is_project_file(file, self.roots):
            self._library(module.__name__)
            return
        tree = source.tree_of(file)
        if tree is None:
            self.reasons.append(f"the source of the module {module.__name__} cannot be found")
            return
        self.parts[f"module:{module.__name__}"] = source.digest_nodes([tree.module])
        self._body([tree.module], vars(module), frozenset())

    def _body(self, nodes: Sequence[Any], scope: Mapping[str, Any], own: frozenset[str]) -> None:
        local = self._imported(nodes, scope)
        for found in reads.environment(nodes, scope, local):
            if found.name is None:
                self.reasons.append(found.reason)
            else:
                self.parts[found.name] = found.digest
        for name, attributes, _ in source.chains(list(nodes)):
            if name not in own or name in local:
                self._names({name: attributes}, scope, local)

    def _imported(self, nodes: Sequence[Any], scope: Mapping[str, Any]) -> dict[str, Any]:
        """What the body imports: project modules are loaded (the function would do so anyway), libraries are not."""
        local: dict[str, Any] = {}
        for alias, module, name in source.imports(list(nodes), str(scope.get("__package__") or "")):
            if is_standard(module) or not self._is_project_module(module):
                self._library(module)
                if alias:
                    local[alias] = _MISSING  # its version is all that counts, whatever is read from it
                continue
            value: Any = importlib.import_module(module)
            if name is not None and name != "*":
                value = getattr(value, name) if hasattr(value, name) else importlib.import_module(f"{module}.{name}")
            if alias and name != "*":
                local[alias] = value
            elif name == "*":
                self.follow(value)
        return local

    def _is_project_module(self, module: str) -> bool:
        top = module.partition(".")[0]
        loaded = sys.modules.get(top)
        try:
            spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return False
        file = (
            getattr(loaded, "__file__", None) or (spec.origin if spec else None) or next(iter(spec.submodule_search_locations or ()), None)
            if spec
            else None
        )
        return file is not None and file not in ("built-in", "frozen") and is_project_file(str(file), self.roots)

    def _names(self, names: Mapping[str, tuple[str, ...]], scope: Mapping[str, Any], local: Mapping[str, Any]) -> None:
        for name, attributes in names.items():
            value = local.get(name, scope.get(name, _MISSING))
            if value is _MISSING:
                continue  # a builtin, a local variable, or a library that the body imports
            where = f"{scope.get('__name__', '')}.{name}"
            for attribute in attributes:
                # only what is read from a module counts, not the module
                if not isinstance(value, ModuleType) or not self._is_own(value) or not hasattr(value, attribute):
                    break
                where, value = f"{value.__name__}.{attribute}", getattr(value, attribute)
            self._value(f"constant:{where}", value)

    def _is_own(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        if file is None:  # a namespace package is the project's if its folder is
            file = next(iter(getattr(module, "__path__", ())), None)
        return file is not None and is_project_file(file, self.roots)

    def _value(self, part: str, value: Any) -> None:
        if isinstance(value, (FunctionType, MethodType, type, ModuleType, BuiltinFunctionType)):
            self.follow(value)
            return
        if value is os.environ:
            return  # judged where it is read
        try:
            if part not in self.parts:
                self.parts[part] = digest_value(value, self.follow)
        except Uncacheable as error:
            self.reasons.append(f"{part.replace(':', ' ', 1)}: {error.message}")

    def _library(self, module: str) -> None:
        if is_standard(module) or module == "builtins":
            return
        found = distribution_of(module)
        if found is not None:
            self.parts[f"package:{found[0]}"] = found[1]
        elif module.partition(".")[0] not in ("__main__", "ninefold"):
            self.reasons.append(f"the module {module} belongs to no installed package whose version could be told")


def _free(function: FunctionType) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:
            continue  # not yet assigned
    return cells


def _inside(node: source.Function) -> list[ast.AST]:
    if isinstance(node, ast.Lambda):
        return [node]
    return [node.args, *([node.returns] if node.returns else []), *node.body]


def _own_names(function: FunctionType, nodes: Sequence[Any]) -> frozenset[str]:
    """Parameters, local variables and closure cells: they hide globals of the same name, also in functions inside."""
    code = function.__code__
    said_global = {name for top in nodes for node in ast.walk(top) if isinstance(node, ast.Global) for name in node.names}
    return frozenset({*code.co_varnames, *code.co_cellvars, *code.co_freevars} - said_global)


def _file_of_function(function: FunctionType) -> str:
    file = function.__code__.co_filename
    return str(function.__globals__.get("__file__") or file) if file.startswith("<") and not file.startswith("<ipython") else file


def _file_of(cls: type) -> str | None:
    return getattr(sys.modules.get(cls.__module__), "__file__", None)


def _is_ours(decorator: ast.expr, scope: Mapping[str, Any]) -> bool:
    """Whether a decorator is ninefold's own: what it says are parameters of the step, not code of the function."""
    while isinstance(decorator, (ast.Call, ast.Attribute)):
        decorator = decorator.func if isinstance(decorator, ast.Call) else decorator.value
    value = scope.get(decorator.id) if isinstance(decorator, ast.Name) else None
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") or ""
    return module.partition(".")[0] == "ninefold"


def _digest_code(code: CodeType) -> str:
    whole = hashlib.sha256(code.co_code)
    whole.update(repr((code.co_names, code.co_varnames)).encode())
    for constant in code.co_consts:
        whole.update(_digest_code(constant).encode() if isinstance(constant, CodeType) else repr(constant).encode())
    return whole.hexdigest()
