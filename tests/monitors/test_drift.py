"""Columns are watched together, day by day, from daily frames to findings."""

import numpy as np
import polars as pl

from ninefold.monitors.checks import History, drift
from ninefold.monitors.columns import daily, grid_of


def histories(days=80, reference=56, rows=600, wind=0.0, new_carrier=0.0, nulls=0.0):
    rng = np.random.default_rng(7)
    day = np.repeat(np.arange(days), rows)
    late = day >= 70
    carrier = rng.choice(["AA", "UA", "DL"], len(day)).astype(object)
    carrier[late & (rng.random(len(day)) < new_carrier)] = "ZZ"
    x = rng.normal(0, 1, len(day)) + wind * late
    frame = pl.DataFrame({"day": day, "wind": x, "carrier": carrier.tolist(), "hour": day % 7 + rng.integers(0, 5, len(day))})
    frame = frame.with_columns(wind=pl.when(pl.Series(late & (rng.random(len(day)) < nulls))).then(None).otherwise(pl.col("wind")))
    first = frame.filter(pl.col("day") < reference)
    grids = {name: grid_of(first[name]) for name in ("wind", "carrier", "hour")}
    counted = daily(frame, "day", grids)
    return [
        History(column=name, grid=grid, days=tuple(counted), windows=tuple(c[name] for c in counted.values()), reference=reference)
        for name, grid in grids.items()
    ]


def alarms(given, **more):
    return [f.subject for f in drift(given, **more) if f.severity == "alarm"]


def test_days_as_usual_and_a_weekly_cycle_are_quiet():
    assert drift(histories()) == []


def test_a_shift_is_an_alarm_with_its_unit():
    found = drift(histories(wind=0.5))
    assert [f.subject for f in found] == ["wind"]
    assert "; mean " in found[0].text


def test_a_value_never_seen_before_is_named():
    found = drift(histories(new_carrier=0.2))
    assert '"never seen before" 0.0% →' in found[0].text


def test_nulls_that_appear_are_drift():
    assert alarms(histories(nulls=0.3)) == ["wind"]


def test_the_hour_moves_with_the_weekday_and_is_no_drift():
    assert alarms(histories(days=77)) == []


def test_with_few_days_of_reference_it_is_only_watched():
    found = drift(histories(reference=20, wind=2.0))
    assert [(f.subject, f.severity) for f in found] == [("wind", "watch")]


def test_no_history_is_no_finding():
    assert drift([]) == []
