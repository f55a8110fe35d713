"""``why`` and ``status`` in a terminal."""

from pathlib import Path
from typing import Any


def test_why_tells_the_whole_chain_of_an_answer(ninefold: Any, as_json: Any, tiny_project: Path) -> None:
    answer = as_json(tiny_project, "endpoints", "answers", "dispatch", "--limit", "1")[0]
    code, out, _ = ninefold("why", answer["id"], at=tiny_project)
    said = ("forecast@1", "= lake", "orders.csv", "sha256", "code frozen as", "Two hours before", "policy", "python 3")
    assert (code, [s for s in said if s not in out]) == (0, [])


def test_why_of_a_misspelt_thing_names_the_nearest(ninefold: Any, tiny_project: Path) -> None:
    code, _, err = ninefold("why", "parcel", at=tiny_project)
    assert (code, 'did you mean "parcels"?' in err) == (1, True)


def test_status_has_nine_lines_and_the_next_command(ninefold: Any, tiny_project: Path) -> None:
    code, out, _ = ninefold("status", at=tiny_project)
    lines = out.splitlines()
    assert [line[0] for line in lines if line[:1].isdigit()] == list("123456789")
    assert (code, lines[0], lines[-1].startswith("next: ninefold ")) == (0, "lateness: not yet known", True)
