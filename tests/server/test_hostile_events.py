"""Events from outside: checked, counted once, and what is personal stays apart."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

CANARY = "Ada-Canary-Lovelace"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"parcel_id": "p1", "customer": "x"}, "answered"),
        ({"parcel_id": "p1", "customer": "x", "answered": "perhaps"}, "bool"),
        ({"parcel_id": 3, "customer": "x", "answered": True}, "str"),
        ({"parcel_id": "p1", "custmer": "x", "answered": True}, "custmer"),
        ({"id": 7, "parcel_id": "p1", "customer": "x", "answered": True}, "str"),
        ({"at": "soon", "parcel_id": "p1", "customer": "x", "answered": True}, "time"),
        ({"at": "2024-01-01T00:00:00", "parcel_id": "p1", "customer": "x", "answered": True}, "zone"),
        ({"received_at": 3, "parcel_id": "p1", "customer": "x", "answered": True}, "received_at"),
        (["x"], "object"),
        ("x", "object"),
    ],
    ids=str,
)
def test_an_event_of_another_shape_is_refused(live: Any, body: Any, said: str) -> None:
    answer = live.post("/events/calls", body)
    assert (answer.status in {400, 422}, said in answer.error["message"]) == (True, True), answer


def test_a_misspelt_stream_gets_the_nearest_one(live: Any) -> None:
    answer = live.post("/events/cals", {})
    assert (answer.status, answer.error["hint"]) == (404, 'did you mean "calls"?')


def test_a_retried_event_counts_once_and_its_person_is_nowhere_but_apart(own: Any) -> None:
    own.start()
    event = {"id": "e1", "parcel_id": "p1", "customer": CANARY, "answered": True}
    assert [own.post("/events/calls", event).status for _ in range(3)] == [200, 200, 200]
    own.stop()
    assert [row["id"] for row in rows(own.folder, "events", "calls")] == ["e1"]
    assert [row["customer"] for row in rows(own.folder, "personal", "calls")] == [CANARY]
    assert CANARY not in own.log
    with sqlite3.connect(own.folder / ".ninefold" / "ledger.db") as ledger:
        assert CANARY not in "\n".join(ledger.iterdump())
    assert not [
        file
        for file in (own.folder / ".ninefold").rglob("*")
        if file.is_file() and "personal" not in file.parts and CANARY.encode() in file.read_bytes()
    ]


def rows(folder: Path, kind: str, name: str) -> list[dict[str, Any]]:
    """The rows as a project reads them: of one event id, the first."""
    from ninefold import config
    from ninefold.project.home import Home

    with Home(config.load(folder), "parcels") as home:
        return home.stored(kind, name).read().unique("id", keep="first").to_dicts()


def test_an_update_of_an_unknown_key_or_an_extreme_time_breaks_no_run(own: Any) -> None:
    own.start()
    for update in (
        {"parcel_id": "never-promised", "minutes_late": 3},
        {"parcel_id": "only-a-key"},
        {"parcel_id": "p60-01", "delivered_at": "9998-12-30T23:59:59Z", "minutes_late": 5, "late": True},
        {"parcel_id": "p60-02", "delivered_at": "0002-01-02T00:00:00Z", "minutes_late": 5, "late": True},
        {"parcel_id": "p60-03", "promised_at": "1700-01-01T00:00:00Z"},
    ):
        assert own.post("/tables/parcels", update).status == 200
    own.stop()
    import subprocess
    import sys

    command = [sys.executable, "-m", "ninefold", "run", "parcels.py", "--as-of", "2024-03-01T00:00"]
    done = subprocess.run(command, cwd=own.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
