"""Projects: reading a module, resolving names, planning, running, freezing, explaining."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ninefold.project.graph import Graph as Graph
    from ninefold.project.here import Project as Project
    from ninefold.project.open import open as open
    from ninefold.project.read import read as read

__all__ = ["Graph", "Project", "open", "read"]

_HOMES = {"Graph": "graph", "Project": "here", "open": "open", "read": "read"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
