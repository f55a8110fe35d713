"""Loading a project's modules: fresh from their source, statement by statement, so that one mistake does not hide the next.

The project's own modules are compiled from the bytes that are read (no stale bytecode, no ``__pycache__`` left behind),
and exactly those bytes are kept: they are what is frozen by ``deploy``. Everything else is imported as always.
"""

import __future__

import ast
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from ninefold.errors import DeclarationError, DeclarationErrors, NinefoldError, closest
from ninefold.metrics import builtin
from ninefold.project.reading.place import bound_names, shown

_UNEXPECTED = re.compile(r"(\w+)(?:\.__\w+__)?\(\) got an unexpected keyword argument '(\w+)'")
_FUTURE = {name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names}


@dataclass(slots=True)
class Loading:
    """One reading of a project: its base folder, and what was found so far."""

    base: Path
    root: Path
    modules: list[ModuleType] = field(default_factory=list)  # in the order in which they were complete
    sources: dict[Path, bytes] = field(default_factory=dict)
    trees: dict[str, ast.Module] = field(default_factory=dict)
    errors: list[DeclarationError] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)  # names that a failed statement would have bound


class _Finder(MetaPathFinder):
    """Finds modules below the base folder; packages need an ``__init__.py``."""

    def __init__(self, loading: Loading) -> None:
        self.loading = loading

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        top, _, _ = fullname.partition(".")
        if top == "ninefold" or top in sys.stdlib_module_names:
            return None
        for folder in [self.loading.base] if path is None else map(Path, path):
            if not self._own(folder):
                continue
            tail = fullname.rpartition(".")[2]
            if (file := folder / tail / "__init__.py").is_file() or (file := folder / f"{tail}.py").is_file():
                return self.spec(fullname, file)
        return None

    def _own(self, folder: Path) -> bool:
        return folder.is_relative_to(self.loading.base) and not {"site-packages", "dist-packages"} & set(folder.parts)

    def spec(self, name: str, file: Path) -> ModuleSpec:
        places = [str(file.parent)] if file.name == "__init__.py" else None
        spec = spec_from_file_location(name, file, loader=_Loader(name, str(file), self.loading), submodule_search_locations=places)
        assert spec is not None
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, loading: Loading) -> None:
        super().__init__(name, path)
        self.loading = loading

    def get_code(self, fullname: str) -> CodeType | None:
        return compile(self.get_data(self.path), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        data = self.get_data(self.path)
        tree = _parse(data, self.path, self.loading.root)
        self.loading.sources[Path(self.path)] = data
        self.loading.trees[module.__name__] = tree
        linecache.checkcache(self.path)
        module.__doc__ = ast.get_docstring(tree)
        flags = _future_flags(tree)
        for statement in tree.body:
            code = compile(ast.Module([statement], []), self.path, "exec", flags=flags, dont_inherit=True)
            try:
                exec(code, module.__dict__)
            except (Exception, SystemExit) as error:
                self._note(error, statement, module)
        self.loading.modules.append(module)

    def _note(self, error: BaseException, statement: ast.stmt, module: ModuleType) -> None:
        """Keep what is wrong with this statement, and go on where that can be done without repeating it."""
        loading = self.loading
        if isinstance(error, DeclarationErrors):
            raise error
        follows = isinstance(error, NameError) and error.name in loading.broken
        follows |= isinstance(error, ImportError) and bool(loading.broken) and error.name in loading.trees
        if not follows:
            loading.errors.append(told(error, loading))
            if not isinstance(error, NinefoldError):
                raise DeclarationErrors(loading.errors) from error
        loading.broken |= bound_names(statement)
        for name in bound_names(statement):
            module.__dict__.pop(name, None)


def _parse(data: bytes, path: str, root: Path) -> ast.Module:
    try:
        return ast.parse(data, path)
    except (SyntaxError, ValueError) as error:
        raise DeclarationErrors([not_python(error, path, root)]) from None


def not_python(error: SyntaxError | ValueError, path: str, root: Path) -> DeclarationError:
    """A syntax error as the user should read it: the line, and the place in it."""
    if not isinstance(error, SyntaxError):
        return DeclarationError(f"it is not Python: {error}", where=shown(Path(path), root))
    if error.lineno is None:
        return DeclarationError(f"it is not Python: {error.msg}", where=shown(Path(path), root))
    line = (error.text or "").rstrip("\n")
    pointed = f"{line}\n  {' ' * max((error.offset or 1) - 1, 0)}^" if line else "the file cannot be read as text"
    return DeclarationError(f"it is not Python: {error.msg}", hint=pointed, where=f"{shown(Path(error.filename or path), root)}:{error.lineno}")


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= _FUTURE.get(alias.name, 0)
    return flags


def told(error: BaseException, loading: Loading) -> DeclarationError:
    """An error of the user's file, at the user's line: the innermost frame that lies in the project."""
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) in loading.sources:
            where = f"{shown(Path(frame.filename), loading.root)}:{frame.lineno}"
    if isinstance(error, NinefoldError):
        return DeclarationError(error.message, hint=error.hint, where=where)
    if isinstance(error, SystemExit):
        return DeclarationError("the file ends the program while it is read", hint='put it under if __name__ == "__main__":', where=where)
    return DeclarationError(f"{type(error).__name__}: {error}", hint=_advice(error), where=where)


def _advice(error: BaseException) -> str:
    """What to do about an error of Python's own: what to install, or the nearest right name."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"is {error.name.partition('.')[0]} installed here? ({sys.executable})"
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        return closest(error.name, [name for name in dir(error.obj) if not name.startswith("_")])
    if isinstance(error, TypeError) and (match := _UNEXPECTED.match(str(error))):
        called = getattr(sys.modules["ninefold"], match[1], None) or getattr(builtin, match[1], None)
        if callable(called):
            kinds = inspect.signature(called.__call__ if hasattr(builtin, match[1]) else called).parameters
            return closest(match[2], [name for name in kinds if name != "self"])
    return ""


def forget() -> None:
    """Drop the modules and finders of earlier readings: a project is read as it is now."""
    for name, module in list(sys.modules.items()):
        if isinstance(getattr(getattr(module, "__spec__", None), "loader", None), _Loader):
            del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


def load(file: Path, *, root: Path) -> Loading:
    """Import the module in ``file`` (a package: its ``__init__.py``) and what it imports of the project.

    The finder stays installed afterwards, so that an import inside a function of the project works when it is called.

    Raises:
        DeclarationErrors: everything that is wrong, each at its line.
    """
    package = file.name == "__init__.py"
    name = file.parent.name if package else file.stem
    base = file.parent.parent if package else file.parent
    forget()
    if name in sys.stdlib_module_names or name in sys.modules or name == "ninefold":
        raise DeclarationErrors(
            [DeclarationError(f'another module is called "{name}"', hint="give the project a name of its own", where=shown(file, root))]
        )
    loading = Loading(base, root)
    finder = _Finder(loading)
    sys.meta_path.insert(0, finder)
    try:
        spec = finder.spec(name, file)
        module = module_from_spec(spec)
        sys.modules[name] = module
        assert spec.loader is not None
        spec.loader.exec_module(module)
    except BaseException:  # a module may raise anything, SystemExit too; it goes on to the caller
        forget()
        raise
    if loading.errors:
        forget()
        raise DeclarationErrors(loading.errors)
    return loading
