"""Collected events."""

from datetime import date
from typing import Any

import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.sources.collect import EventSchema


class Visit(nf.Event):
    page: str
    traveller: nf.Personal[str]
    seconds: float | None = None
    day: date | None = None


@pytest.fixture
def schema() -> EventSchema:
    return EventSchema(nf.Events(Visit), secret=b"key")


def test_an_event_becomes_a_typed_row(schema: EventSchema) -> None:
    [event] = schema.validate(b'{"id":"1","at":"2013-01-01T01:00+01:00","page":"/","traveller":"Ada","seconds":2,"day":"2013-01-01"}', received_at=5)
    row = schema.frame([event.row]).to_dicts()[0]
    assert (row["at"].hour, row["seconds"], row["day"]) == (0, 2.0, date(2013, 1, 1))


def test_personal_values_are_not_in_the_row_but_joinable(schema: EventSchema) -> None:
    events = schema.validate([{"page": p, "traveller": "Ada"} for p in "ab"], received_at=0)
    assert b"Ada" not in b"".join(e.row for e in events)
    assert schema.frame([e.row for e in events])["traveller"].n_unique() == 1
    assert schema.personal_frame([e.personal for e in events])["traveller"].to_list() == ["Ada", "Ada"]


def test_another_key_gives_another_pseudonym(schema: EventSchema) -> None:
    assert EventSchema(schema.events, secret=b"other").pseudonym("Ada") != schema.pseudonym("Ada")


def test_a_retry_counts_once_and_the_first_one_stands(schema: EventSchema) -> None:
    once = schema.validate({"id": "1", "page": "a", "traveller": "x"}, received_at=1)
    again = schema.validate({"id": "1", "page": "b", "traveller": "x"}, received_at=2)
    assert schema.frame([e.row for e in once + again])["page"].to_list() == ["a"]


@pytest.mark.parametrize(
    ("body", "said", "hint"),
    [
        ({"page": "/", "travler": "x"}, 'no field "travler"', 'did you mean "traveller"?'),
        ({"page": 1, "traveller": "x"}, "expected `str`, got `int`", "page: str"),
        ({"traveller": "x"}, "missing required field `page`", "page: str"),
        ({"page": "/", "traveller": "x", "at": "2013-01-01T00:00:00"}, "has no time zone", "with an offset"),
        (b"{", "not JSON", "send one object"),
        ([1], "not int", "such as"),
    ],
)
def test_a_bad_event_is_refused_with_field_and_way_out(schema: EventSchema, body: Any, said: str, hint: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        schema.validate(body, received_at=0)
    assert hint in caught.value.hint


def test_the_place_names_the_event_in_a_list(schema: EventSchema) -> None:
    with pytest.raises(DataError) as caught:
        schema.validate([{"page": "/", "traveller": "x"}, {"page": 2, "traveller": "x"}], received_at=0)
    assert caught.value.where == "[1].page"


def test_no_events_are_a_frame_with_the_schema(schema: EventSchema) -> None:
    assert schema.frame([]).columns == ["id", "at", "received_at", "page", "traveller", "seconds", "day"]
