"""Which project a command means: the one that it names, else the one of the settings, else the one that ran here last."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ninefold import config
from ninefold.config import Settings
from ninefold.errors import UsageError
from ninefold.project.home import Home, projects

if TYPE_CHECKING:
    from ninefold.project.reading.graph import Graph

Read = Callable[[], "Graph"]


def target_of(project: Path | None, environment: str | None, frozen: str | None = None) -> tuple[Settings, str, Path, Read]:
    """Settings, name, main file, and how to read the project that a command names; nothing of the user's is imported yet."""
    from ninefold.project.reading.read import locate

    if project is None:
        settings = config.load(None, environment)
        main = locate(settings.project, settings.root) if settings.project is not None else _ran_last(settings)
    else:
        main = locate(project.absolute() if project.exists() else str(project))
        settings = config.load(config.find_root(main.parent), environment)
    name = main.parent.name if main.name == "__init__.py" else main.stem
    if frozen is not None:
        from ninefold.project.live.freeze import thaw

        with Home(settings, name) as home:
            main = thaw(home, frozen)
    return settings, name, main, lambda: _read(main, settings, frozen)


def load(project: Path | None, environment: str | None) -> "tuple[Graph, Settings]":
    """The graph and settings of the project that a command names."""
    settings, _, _, read = target_of(project, environment)
    return read(), settings


def _read(main: Path, settings: Settings, frozen: str | None) -> "Graph":
    from ninefold.project.reading.read import read

    return read(main, root=settings.home / "frozen" / frozen if frozen else settings.root)


def _ran_last(settings: Settings) -> Path:
    """The file of the project that ran here last. Raises UsageError where none did, or its file is gone."""
    for name in projects(settings) if settings.home.is_dir() else ():
        for file in (settings.root / f"{name}.py", settings.root / name / "__init__.py"):
            if file.is_file():
                return file
    raise UsageError("which project? none is named here, pyproject names none, and none has run here", hint=_named(settings.root))


def _named(root: Path) -> str:
    """How to name the project to the command that was given."""
    files = sorted(p.name for p in root.glob("*.py") if b"ninefold" in p.read_bytes())
    if not files:
        return "begin with: ninefold new myproject"
    context, words = click.get_current_context(silent=True), list[str]()
    option = context is not None and any("--project" in p.opts for p in context.command.params)
    while context is not None and context.parent is not None:
        words, context = [context.info_name or "", *words], context.parent
    return f"name it: {' '.join(['ninefold', *words, *(['--project'] if option else []), files[0]])}"
