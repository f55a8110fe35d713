"""Sources: where rows come from, and what users do."""

from typing import TYPE_CHECKING, Any

from ninefold.sources.source import Source

if TYPE_CHECKING:
    from ninefold.sources.events import Event, Events, Personal

__all__ = ["Event", "Events", "Personal", "Source"]


def __getattr__(name: str) -> Any:
    # events need msgspec, which is not wanted at import
    if name in {"Event", "Events", "Personal"}:
        from ninefold.sources import events

        return getattr(events, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
