"""Collected events: what users do, as rows with a schema."""

from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import msgspec

from ninefold.errors import DeclarationError
from ninefold.things import Thing

T = TypeVar("T")
Personal = Annotated[T, msgspec.Meta(extra={"personal": True})]
"""A field that says something about a person: kept apart, erasable, never in a fact or a log.

>>> import ninefold as nf
>>> class Call(nf.Event):
...     customer: nf.Personal[str]
>>> nf.Events(Call).personal
('customer',)
"""

ENVELOPE = ("id", "at", "received_at")


class Event(msgspec.Struct, kw_only=True):
    """The shape of one collected event: subclass it and annotate the fields.

    ``id``, ``at`` and ``received_at`` belong to the envelope: the client's id (retries do no harm), when it happened,
    and when it reached us.

    >>> import ninefold as nf
    >>> class Click(nf.Event):
    ...     page: str
    >>> Click(page="/").page
    '/'
    """


class Events(Thing):
    """A stream of events of one shape, collected at ``POST /events/<name>``.

    >>> import ninefold as nf
    >>> class Click(nf.Event):
    ...     page: str
    >>> nf.Events(Click).fields
    ('page',)
    """

    noun: ClassVar[str] = "source"
    __slots__ = ("event", "fields", "personal", "was")

    event: type[Event]
    fields: tuple[str, ...]
    personal: tuple[str, ...]
    was: str | None

    def __init__(self, event: type[Event], *, was: str | None = None) -> None:
        if not (isinstance(event, type) and issubclass(event, Event)):
            raise DeclarationError(f"{event!r} is no shape of an event", hint="subclass nf.Event and annotate its fields")
        names = event.__struct_fields__
        if taken := sorted(set(names) & set(ENVELOPE)):
            raise DeclarationError(
                f"{event.__name__} has the field {taken[0]!r}, which the envelope of every event has",
                hint=f"rename it; {', '.join(ENVELOPE)} are there already",
            )
        hints = get_type_hints(event, include_extras=True)
        personal = tuple(n for n in names if _is_personal(hints[n]))
        for name, value in (("event", event), ("fields", names), ("personal", personal), ("was", was)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot assign to {name!r}: declared things do not change")


def _is_personal(hint: Any) -> bool:
    return any(isinstance(m, msgspec.Meta) and (m.extra or {}).get("personal") for m in getattr(hint, "__metadata__", ()))
