"""A fact: what happened, to which version of what, by whom, when. Its stored bytes are a leaf of the ledger's tree."""

from typing import Any, NamedTuple

import msgspec

from ninefold.errors import CorruptError, UsageError
from ninefold.ids import canonical

RENAMED = "thing.renamed"  # the kind of fact that says that a thing was called body["from"] before


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the ledger.

    ``seq`` counts from 1 in the order of commits and is the only order; ``at`` (microseconds UTC) is what the clock said.
    ``subject`` names a version of a thing and begins with its project: ``flights/table/departures@12``. ``run`` is the
    execution and ``key`` the step's key that it belongs to. ``body`` holds JSON values and no personal data.
    """

    seq: int
    id: str
    at: int
    kind: str
    subject: str
    actor: str
    run: str | None = None
    key: str | None = None
    body: dict[str, Any]


class Draft(NamedTuple):
    """A fact before the end of its transaction gives it a number."""

    id: str
    at: int
    kind: str
    subject: str
    actor: str
    run: str | None
    key: str | None
    body: bytes


_decoder = msgspec.json.Decoder(Fact)


def draft(id: str, at: int, kind: str, subject: str, actor: str, run: str | None, key: str | None, body: dict[str, Any] | None) -> Draft:
    """A checked draft; the body is encoded at once, so that a later change of the dictionary changes nothing.

    Raises UsageError where the envelope is not text and integers, or the body holds what JSON cannot.
    """
    for name, value in (("kind", kind), ("subject", subject)):
        if not isinstance(value, str) or not value or "\n" in value:
            raise UsageError(f"a fact's {name} is {value!r}", hint="give a line of text, such as table.written or flights/table/departures@12")
    if type(at) is not int:
        raise UsageError(f"a fact's time is {at!r}", hint="give whole microseconds since 1970 UTC")
    try:
        encoded = canonical({} if body is None else body)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise UsageError(f'the body of the fact "{kind}" holds what JSON cannot: {error}', hint="give text, numbers, lists, dictionaries") from None
    return Draft(id, at, kind, subject, actor, run, key, encoded)


def encode(seq: int, said: Draft) -> bytes:
    """The stored bytes of a draft that has got its number.

    >>> encode(1, draft("a", 5, "table.written", "p/table/t@1", "me", None, None, {"rows": 2}))
    b'{"seq":1,"id":"a","at":5,"kind":"table.written","subject":"p/table/t@1","actor":"me","run":null,"key":null,"body":{"rows":2}}'
    """
    fact = {
        "seq": seq,
        "id": said.id,
        "at": said.at,
        "kind": said.kind,
        "subject": said.subject,
        "actor": said.actor,
        "run": said.run,
        "key": said.key,
        "body": msgspec.Raw(said.body),
    }
    return _encoder.encode(fact)


_encoder = msgspec.json.Encoder()


def decode(content: bytes | str) -> Fact:
    """The fact behind stored bytes; CorruptError where they are none."""
    try:
        return _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise CorruptError(f"stored bytes are no fact: {error}", hint="run: ninefold audit verify") from None
