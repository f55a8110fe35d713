"""Whatever JSON is sent to a door, the answer is never a 500: hypothesis looks for what nobody thought of."""

import http.client
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninefold.ids import new_id

TEXT = st.text(max_size=12) | st.sampled_from(["", "x1", "north", "2026-11-25T10:00:00Z", "true", "\u0000", "NaN", "1e400", "__k", "0001-01-01"])
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([2**63, -(2**63), 2**64, 10**30, 0, -1])
LEAF = st.none() | st.booleans() | NUMBER | TEXT
ANY = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6)

COLUMNS = ["parcel_id", "promised_at", "depot", "region", "weight", "minutes_late", "delivered_at", "late"]
FIELDS = {
    "/predict/dispatch": COLUMNS[:5],
    "/tables/parcels": COLUMNS,
    "/events/calls": ["id", "at", "parcel_id", "customer", "answered"],
    "/outcomes/dispatch": ["key", "value", "at"],
    "/decisions/dispatch": ["prediction", "action", "by"],
}
SOUND = {
    "/predict/dispatch": {"parcel_id": "x1", "promised_at": "2026-11-25T10:00:00Z", "depot": "north", "region": "hills", "weight": 3.0},
    "/tables/parcels": {"parcel_id": "x1", "minutes_late": 3},
    "/events/calls": {"parcel_id": "x1", "customer": "ada", "answered": True},
    "/outcomes/dispatch": {"key": {"parcel_id": "x1"}, "value": True},
    "/decisions/dispatch": {"prediction": new_id(), "action": "called"},
}


def bodies(path: str) -> st.SearchStrategy[Any]:
    """Sound bodies with some fields replaced by anything, lists of them, and anything at all."""
    replaced = st.dictionaries(st.sampled_from(FIELDS[path]), ANY, max_size=3).map(lambda some: {**SOUND[path], **some})
    return replaced | st.lists(replaced, max_size=3) | ANY


@pytest.mark.parametrize("path", FIELDS)
def test_no_body_brings_a_door_down(live: Any, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(bodies(path))
    def never_500(body: Any) -> None:
        connection.request("POST", path, json.dumps(body).encode(), {"content-type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status in {200, 400, 404, 409, 413, 422}, (body, told)
        if answer.status != 200:
            assert json.loads(told)["error"]["message"]

    never_500()
    connection.close()


@pytest.mark.parametrize("path", ["/api/tables", "/api/models", "/health", "/api/openapi.json", "/", "/tables", "/endpoints/dispatch"])
def test_no_query_brings_a_page_down(live: Any, path: str) -> None:
    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.dictionaries(st.sampled_from(["limit", "after", "q", "version", "by", "explain", "page", "filter"]), TEXT | NUMBER.map(str), max_size=3)
    )
    def never_500(query: dict[str, str]) -> None:
        from urllib.parse import urlencode

        assert live("GET", f"{path}?{urlencode(query)}").status < 500

    never_500()


def test_what_was_taken_in_can_be_moved_into_the_lake(own: Any) -> None:
    """A row that the door took and no reader can read would hold up everything behind it."""
    own.start()
    wrong = [None, True, 2**62, -1.5e308, "\u0000", "é", "9998-01-01T00:00:00Z", "0002-01-02T00:00:00Z", 0]
    for path, sound in SOUND.items():
        for name in FIELDS[path]:
            for value in wrong:
                own.post(path, {**sound, name: value})
    own.stop()
    assert "could not be moved" not in own.log
    assert "cannot be read" not in own.log
    assert "Traceback" not in own.log
