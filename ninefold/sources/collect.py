"""Collected events: checked against their shape, personal fields set apart, decoded into frames."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ninefold.clock import micros
from ninefold.errors import DataError, UsageError, closest
from ninefold.ids import canonical, new_id
from ninefold.sources.events import ENVELOPE, Events


@dataclass(frozen=True, slots=True)
class Collected:
    """One event as it goes into the journals: the row without anything personal, and the personal fields (None without any)."""

    id: str
    row: bytes
    personal: bytes | None


class EventSchema:
    """The shape of a stream of events, for the door that collects them and for those who read them.

    ``secret`` keys the hash that stands for each personal value in the row: the same person gives the same text, so that
    rows can be counted and joined, and nobody without the key can try out names. The values themselves are kept apart,
    by event id, and can be erased.

    >>> import ninefold as nf
    >>> class Rebooking(nf.Event):
    ...     flight_id: str
    ...     traveller: nf.Personal[str]
    ...     accepted: bool
    >>> schema = EventSchema(nf.Events(Rebooking), secret=b"k")
    >>> [event] = schema.validate(b'{"id": "e1", "flight_id": "F1", "traveller": "Ada", "accepted": true}', received_at=0)
    >>> schema.frame([event.row, event.row]).select("id", "flight_id", "accepted").rows()
    [('e1', 'F1', True)]
    >>> schema.personal_frame([event.personal]).rows()
    [('e1', 'Ada')]
    """

    def __init__(self, events: Events, *, secret: bytes) -> None:
        self.events, self._secret = events, secret
        self._fields = {f.name: f for f in msgspec.structs.fields(events.event)}
        envelope: list[Any] = [("id", str, ""), ("at", str | None, None)]
        declared: list[Any] = [
            (n, f.type, f.default)
            if f.default is not msgspec.NODEFAULT
            else (n, f.type, msgspec.field(default_factory=f.default_factory))
            if f.default_factory is not msgspec.NODEFAULT
            else (n, f.type)
            for n, f in self._fields.items()
        ]
        shape = msgspec.defstruct(events.event.__name__, [*envelope, *declared], kw_only=True, forbid_unknown_fields=True)
        self._decoder = msgspec.json.Decoder(shape)
        self._shape = shape

    def validate(self, data: "bytes | dict[str, Any] | list[Any]", *, received_at: int) -> list[Collected]:
        """The events in a JSON body: one object, or a list. All are sound, or ``DataError`` names the event and the field."""
        try:
            value = msgspec.json.decode(data) if isinstance(data, bytes) else data
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(f"the body is not JSON: {error}", hint="send one object, or a list of them") from None
        many = value if isinstance(value, list) else [value]
        return [self._one(item, received_at, f"[{i}]" if isinstance(value, list) else "") for i, item in enumerate(many)]

    def _one(self, item: Any, received_at: int, place: str) -> Collected:
        if not isinstance(item, dict):
            raise DataError(
                f"an event is an object, not {type(item).__name__}", where=place, hint=f'such as {{"{next(iter(self._fields), "id")}": ...}}'
            )
        known = ["id", "at", *self._fields]
        if unknown := [k for k in item if k not in known]:
            raise DataError(f'the event has no field "{unknown[0]}"', where=place, hint=closest(unknown[0], known))
        try:
            event: Any = msgspec.convert(item, self._shape)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at ")
            raise DataError(
                message[:1].lower() + message[1:], where=place + path.strip("`").removeprefix("$"), hint=f"the fields are {self._described()}"
            ) from None
        try:
            at = micros(event.at) if event.at is not None else received_at
        except UsageError as error:
            raise DataError(error.message, where=f"{place}.at", hint='write ISO 8601 with an offset: "2013-10-01T10:00:00Z"') from None
        values = {n: getattr(event, n) for n in self._fields}
        identity = event.id or new_id()
        personal = {n: values[n] for n in self.events.personal}
        row = {"id": identity, "at": at, "received_at": received_at, **values, **{n: self.pseudonym(v) for n, v in personal.items()}}
        return Collected(identity, msgspec.json.encode(row), msgspec.json.encode({"id": identity, **personal}) if personal else None)

    def pseudonym(self, value: Any) -> str | None:
        """The keyed hash (HMAC-SHA-256, 128 bits) that stands for a personal value; null stays null."""
        if value is None:
            return None
        return hmac.new(self._secret, canonical(msgspec.to_builtins(value)), hashlib.sha256).hexdigest()[:32]

    def _described(self) -> str:
        return ", ".join(f"{n}: {getattr(f.type, '__name__', f.type)}" + ("" if f.required else " (optional)") for n, f in self._fields.items())

    @property
    def schema(self) -> dict[str, Any]:
        """Column types of the rows: the envelope, then the fields; personal ones are text, their pseudonyms."""
        import polars as pl

        envelope = {"id": pl.String(), "at": pl.Datetime("us", "UTC"), "received_at": pl.Datetime("us", "UTC")}
        return {**envelope, **{n: pl.String() if n in self.events.personal else _dtype(f.type) for n, f in self._fields.items()}}

    def frame(self, payloads: Sequence[bytes]) -> Any:
        """The rows of journal payloads as a polars frame; of one id the first one counts, so that retries do no harm."""
        return _decoded(payloads, self.schema)

    def personal_frame(self, payloads: Sequence[bytes | None]) -> Any:
        """The personal fields of journal payloads, by event id."""
        import polars as pl

        return _decoded(
            [p for p in payloads if p is not None], {"id": pl.String(), **{n: _dtype(self._fields[n].type) for n in self.events.personal}}
        )


def _decoded(payloads: Sequence[bytes], schema: dict[str, Any]) -> Any:
    import polars as pl

    rows = [msgspec.json.decode(p) for p in payloads]
    # the journal holds times as numbers where they are ours, as ISO text where they are the user's
    texts = {n for n, t in schema.items() if n not in ENVELOPE and (t == pl.Date or isinstance(t, pl.Datetime))}
    raw = {n: pl.String() if n in texts else (pl.Int64() if n in {"at", "received_at"} else t) for n, t in schema.items()}
    columns = [pl.Series(n, [_flat(r.get(n), raw[n]) for r in rows], dtype=raw[n]) for n in schema]
    frame = pl.DataFrame(columns).unique("id", keep="first", maintain_order=True)
    return frame.with_columns(
        (pl.col(n).str.to_date() if t == pl.Date else pl.col(n).str.to_datetime(time_unit="us", time_zone="UTC") if n in texts else pl.col(n).cast(t))
        for n, t in schema.items()
    )


def _flat(value: Any, dtype: Any) -> Any:
    import polars as pl

    return msgspec.json.encode(value).decode() if dtype == pl.String and isinstance(value, (dict, list)) else value


def _dtype(annotation: Any) -> Any:
    """The column type of a field: what has no column type of its own is kept as JSON text."""
    import polars as pl

    return _column_type(msgspec.inspect.type_info(annotation), pl)


def _column_type(info: Any, pl: Any) -> Any:
    from msgspec import inspect as kinds

    if isinstance(info, kinds.Metadata):
        return _column_type(info.type, pl)
    if isinstance(info, kinds.UnionType):
        inner = [t for t in info.types if not isinstance(t, kinds.NoneType)]
        numbers = all(isinstance(t, (kinds.IntType, kinds.FloatType)) for t in inner)
        return _column_type(inner[0], pl) if len(inner) == 1 else pl.Float64() if numbers else pl.String()
    if isinstance(info, kinds.ListType):
        return pl.List(_column_type(info.item_type, pl))
    plain = (
        (kinds.BoolType, pl.Boolean()),
        (kinds.IntType, pl.Int64()),
        (kinds.FloatType, pl.Float64()),
        (kinds.DateTimeType, pl.Datetime("us", "UTC")),
        (kinds.DateType, pl.Date()),
    )
    return next((dtype for kind, dtype in plain if isinstance(info, kind)), pl.String())


__all__ = ["Collected", "EventSchema"]
