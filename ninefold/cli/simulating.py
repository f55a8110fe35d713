"""Travellers, simulated: the demo has no real ones, and says so wherever they are shown."""

from typing import Any

from ninefold.clock import iso, micros
from ninefold.ids import digest
from ninefold.units import MINUTE

SHARE = 0.6
RULE = (
    "Simulated, by this rule: for each flight that the desk warned about, one traveller is offered another connection between 5 and 95 minutes "
    "later, and accepts it in 60 % of the cases. Both numbers are drawn from the SHA-256 of the flight's id, so that every run is the same."
)


def travellers(asked: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The events that follow from answers.

    >>> [(stream, event)] = travellers([{"flight_id": "F1"}], [{"decision": "yes", "asked_at": "2013-10-01T10:00:00Z"}])
    >>> stream, event["traveller"], event["accepted"]
    ('rebookings', 'traveller of F1', False)
    """
    events = []
    for question, answer in zip(asked, answers, strict=True):
        if answer["decision"] != "yes":
            continue
        flight = question["flight_id"]
        drawn = digest(f"traveller/{flight}".encode())
        after = 5 + int(drawn[:8], 16) % 91
        accepted = int(drawn[8:16], 16) < SHARE * 2**32
        at = iso(micros(answer["asked_at"]) + after * MINUTE)
        events.append(
            ("rebookings", {"id": f"simulated-{flight}", "at": at, "flight_id": flight, "traveller": f"traveller of {flight}", "accepted": accepted})
        )
    return events
