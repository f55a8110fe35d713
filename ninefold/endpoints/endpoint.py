"""An endpoint, and how a new version is released to it."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ninefold.errors import DeclarationError
from ninefold.things import Thing, as_tuple, declare
from ninefold.units import duration, share

REGISTERED = "models:"  # what addresses of registered versions begin with


@dataclass(frozen=True, eq=False, slots=True)
class Release:
    """``kind`` is canary, shadow or full; ``share`` of the callers gets the challenger; spans in µs."""

    kind: Literal["canary", "shadow", "full"]
    share: float = 1.0
    at_most: int | None = None
    by: tuple[str, ...] = ()


def canary(part: str, *, at_most: str = "21d", by: str | list[str] | None = None) -> Release:
    """Every version scores every question; this share of callers (split by the key, or ``by``) gets the challenger's answer.

    A paired, always-valid test by day decides; undecided after ``at_most``, the champion stays.

    >>> import ninefold as nf
    >>> nf.canary("10%").share
    0.1
    """
    return Release("canary", share(part), duration(at_most), as_tuple(by))


def shadow(span: str) -> Release:
    """The challenger scores beside the champion for this long, and nobody gets its answers; then the test decides.

    >>> import ninefold as nf
    >>> nf.shadow("7d").share
    0.0
    """
    return Release("shadow", 0.0, duration(span))


def full() -> Release:
    """At once and for everybody.

    >>> import ninefold as nf
    >>> nf.full().kind
    'full'
    """
    return Release("full")


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Endpoint(Thing):
    """Where a model's answers are given. ``model`` is a model of the project, or the address of a registered version
    (``"models:/churn@champion"``, ``"models:/churn/3"``): that is asked with its own columns, and released at once.

    Without ``to`` at ``POST /predict/<name>``; else into a table (``"lake:scores"``, ``"warehouse:ml.scores"``) or a topic,
    on the problem's calendar. ``release`` says how a new version comes in; ``acted`` names the table or events that tell
    what was done; ``holdout`` is the share that is answered but not acted on; ``log`` is ``"strict"`` (on disk before the
    answer) or ``"fast"`` (at most 50 ms lost in a power cut; nothing when the process dies), by default strict at high
    risk.

    >>> import ninefold as nf
    >>> nf.Endpoint("forecast", release=nf.canary("10%")).release.kind
    'canary'
    """

    noun: ClassVar[str] = "endpoint"

    model: "Thing | str"
    to: str | None
    release: Release
    acted: Any
    holdout: float
    log: Literal["strict", "fast"] | None
    was: str | None

    def __init__(
        self,
        model: "Thing | str",
        *,
        to: str | None = None,
        release: Release | None = None,
        acted: Any = None,
        holdout: str | None = None,
        log: Literal["strict", "fast"] | None = None,
        was: str | None = None,
    ) -> None:
        if log not in {None, "strict", "fast"}:
            raise DeclarationError(f"log={log!r}", hint='choose "strict" or "fast"')
        if release is not None and not isinstance(release, Release):
            raise DeclarationError(f"release={release!r} is no way to release", hint='write nf.canary("10%"), nf.shadow(...) or nf.full()')
        usual = full() if isinstance(model, str) and model.startswith(REGISTERED) else canary("10%")
        declare(self, model, to, release or usual, acted, share(holdout) if holdout else 0.0, log, was)

    @property
    def registered(self) -> str | None:
        """The address of the registered version that answers; None where a model of the project does."""
        return self.model if isinstance(self.model, str) and self.model.startswith(REGISTERED) else None
