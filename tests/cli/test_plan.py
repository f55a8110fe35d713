"""``plan``: what a run would do, why, and what it cost last time."""

from pathlib import Path
from typing import Any

AS_OF = ("--as-of", "2024-02-27T00:00")


def test_after_a_run_everything_is_stored(as_json: Any, ninefold: Any, tiny_copy: Path) -> None:
    assert ninefold("run", "parcels.py", *AS_OF, at=tiny_copy).code == 0
    planned = as_json(tiny_copy, "plan", "parcels.py", *AS_OF)
    assert {step["state"] for step in planned} == {"cached"}
    assert {"table/parcels", "model/forecast"} <= {step["step"] for step in planned}
    assert "\n0 of " in ninefold("plan", "parcels.py", *AS_OF, at=tiny_copy).out


def test_an_edit_is_named_with_what_it_may_touch_and_the_time_of_the_last_run(ninefold: Any, as_json: Any, tiny_copy: Path) -> None:
    ninefold("run", "parcels.py", *AS_OF, at=tiny_copy)
    file = tiny_copy / "parcels.py"
    file.write_text(file.read_text().replace("MINUTES_LATE = 15", "MINUTES_LATE = 20"))
    planned = {step["step"]: step for step in as_json(tiny_copy, "plan", "parcels.py", *AS_OF)}
    assert (planned["table/parcels"]["why"], planned["table/parcels"]["seconds"] > 0) == (["the constant parcels.MINUTES_LATE changed"], True)
    assert (planned["source/orders"]["state"], planned["model/forecast"]["state"]) == ("cached", "maybe")
    said = ninefold("plan", "parcels.py", *AS_OF, at=tiny_copy).out
    assert all(text in said for text in ("the constant parcels.MINUTES_LATE changed", "steps would run, about"))


def test_another_time_plans_what_reads_the_news_and_no_table(as_json: Any, ninefold: Any, tiny_copy: Path) -> None:
    ninefold("run", "parcels.py", *AS_OF, at=tiny_copy)
    planned = {step["step"]: step for step in as_json(tiny_copy, "plan", "parcels.py", "--as-of", "2024-02-28T00:00")}
    assert (planned["table/parcels"]["state"], planned["profile/parcels"]["state"]) == ("cached", "run")
