"""Reading a project: a file, a package or a module, without side effects."""

import re
from pathlib import Path

from ninefold.config import find_root
from ninefold.errors import DeclarationError, DeclarationErrors, UsageError
from ninefold.project.reading.graph import Graph
from ninefold.project.reading.load import load
from ninefold.project.reading.names import name_things
from ninefold.project.reading.place import bindings, shown

_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class NoProjectError(DeclarationErrors, UsageError):
    """What was named is no project's file: the command was used wrongly, nothing in a file is wrong."""


def read(target: str | Path, *, root: Path | None = None) -> Graph:
    """Read the project in ``target``: a Python file, a package's folder, or a module's name below ``root``.

    ``root`` is where relative paths and the state belong (default: found upwards from the file by its pyproject). The
    modules are executed, nothing else happens: no file is written, no data read.

    Raises:
        DeclarationErrors: the file is missing, empty, no Python, raises, or names things wrongly; each with its place.
    """
    file = locate(target, root)
    root = (root or find_root(file.parent)).absolute()
    name = file.parent.name if file.name == "__init__.py" else file.stem
    if not _PROJECT.fullmatch(name):
        raise _wrong(f'"{name}" cannot be the name of a project', shown(file, root), "use letters, digits, _ and -, beginning with a letter")
    loading = load(file, root=root)
    trees = [(vars(m), bindings(loading.trees[m.__name__]), shown(Path(m.__file__ or ""), root)) for m in loading.modules]
    named = name_things(trees)
    if named.errors:
        raise DeclarationErrors(named.errors)
    if not named.things:
        raise _wrong("it declares nothing", shown(file, root), 'begin with a problem: delays = nf.Problem("Will it be late?", ...)')
    return Graph(name, root, named.things, loading.sources, named.places)


def locate(target: str | Path, root: Path | None = None) -> Path:
    """The file of a project's main module.

    Raises:
        NoProjectError: there is none.
    """
    path = Path(target)
    base = root or Path.cwd()
    candidates = [path if path.is_absolute() else base / path]
    if isinstance(target, str) and "/" not in target and not target.endswith(".py"):
        dotted = base.joinpath(*target.split("."))
        candidates += [dotted, dotted.with_name(dotted.name + ".py")]
    for candidate in candidates:
        if candidate.is_file():
            if candidate.suffix != ".py":
                raise _nowhere("it is no Python file", str(target), "a project is a .py file or a package")
            return candidate.absolute()
        if (candidate / "__init__.py").is_file():
            return candidate.absolute() / "__init__.py"
    if candidates[0].is_dir():
        inside = sorted(p.name for p in candidates[0].glob("*.py"))
        hint = f"name one of its files: {', '.join(inside[:8])}" if inside else 'begin one with "ninefold new"'
        raise _nowhere("the folder is no package: it has no __init__.py", str(target), hint)
    near = sorted(p.name for p in candidates[0].parent.glob("*.py")) if candidates[0].parent.is_dir() else []
    raise _nowhere("there is no such file", str(target), f"beside it: {', '.join(near[:8])}" if near else f"looked in {base}")


def _wrong(message: str, where: str, hint: str) -> DeclarationErrors:
    return DeclarationErrors([DeclarationError(message, hint=hint, where=where)])


def _nowhere(message: str, where: str, hint: str) -> NoProjectError:
    return NoProjectError([DeclarationError(message, hint=hint, where=where)])
