"""The same questions asked by the same client of a server of ours and of its own store: both find the same, in the same order."""

from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "scripts" / "searches.py"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

# where we differ on purpose, theirs and ours: a filter that breaks off is half a question; a caller's mistake is no error of the server
DIFFERENT = {
    "runs tags.team = 'a' AND": ([], "INVALID_PARAMETER_VALUE"),
    "runs by ['metrics.auc', 'metrics.auc DESC']": ("INTERNAL_ERROR", "INVALID_PARAMETER_VALUE"),
}


def test_searches_find_what_the_clients_own_store_finds(client: Any) -> None:
    ours = client.python(SCRIPT, client.url)
    theirs = client.python(SCRIPT, f"sqlite:///{client.folder}/own.db")
    different = {question: (theirs[question], ours[question]) for question in theirs if theirs[question] != ours[question]}
    assert different == DIFFERENT, "\n".join(f"{question}: {both}" for question, both in different.items())
