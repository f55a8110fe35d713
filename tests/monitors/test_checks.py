"""Each check finds what was planted, and nothing where nothing was."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ninefold as nf
from ninefold.errors import DataError, DeclarationError, UsageError
from ninefold.metrics.judge import Judged
from ninefold.monitors.checks import Feed, Outcomes, bias, freshness, quality
from ninefold.monitors.finding import false_alarms

DAY = 86_400_000_000


def feed(**changes):
    rng = np.random.default_rng(1)
    days = tuple(range(60))
    rows = tuple(int(rng.poisson(1000 if (d + 3) % 7 < 5 else 300)) for d in days)
    return Feed(**{"table": "orders", "days": days, "rows": rows, "arrivals": tuple(d * DAY for d in days), **changes})


def test_a_feed_as_usual_is_quiet():
    assert freshness(feed(), 60 * DAY, 60) == []


def test_a_feed_that_stopped_is_late():
    assert [f.details["kind"] for f in freshness(feed(), 63 * DAY, 63)] == ["late"]


def test_a_short_day_is_found_and_a_weekend_is_not():
    usual = feed()
    for last in range(40, 60):
        assert freshness(feed(days=usual.days[:last], rows=usual.rows[:last]), 60 * DAY, 60) == []
    short = feed(days=usual.days, rows=(*usual.rows[:-1], 100))
    assert [f.details["kind"] for f in freshness(short, 60 * DAY, 60)] == ["volume"]


def test_a_day_without_rows_is_found():
    assert freshness(feed(rows=(*feed().rows[:-1], 0)), 60 * DAY, 60)[0].details["rows"] == 0


def test_a_lag_declared_too_short_is_an_alarm():
    found = freshness(feed(declared_lag=20 * 60_000_000, measured=1000, lagged=50), 60 * DAY, 60)
    assert "later than the declared 20m" in found[0].text


def outcomes(shift=0.0, at=100, seed=1, days=160):
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.08, days)
    level[at:] += shift
    n = rng.integers(700, 1000, days)
    return Outcomes(days=tuple(range(days)), n=tuple(n.tolist()), residual=tuple((level * n).tolist()), loss=tuple((0.4 * n).tolist()), reference=90)


def test_outcomes_as_predicted_are_quiet():
    alarms = [any(f.severity == "alarm" for f in quality(outcomes(seed=seed))) for seed in range(30)]
    assert sum(alarms) <= 1


def test_outcomes_that_jump_are_found_and_dated():
    found = quality(outcomes(shift=0.2, days=112))
    assert found[0].severity == "alarm"
    assert 98 <= found[0].since <= 103
    assert "more than the scores said" in found[0].text


def test_without_outcomes_there_is_nothing_to_say():
    assert quality(Outcomes(days=(), n=(), residual=(), loss=(), reference=0)) == []


@pytest.mark.parametrize(("verdict", "severity"), [("not met", "alarm"), ("not yet known", "watch")])
def test_a_criterion_on_the_wrong_side_is_found(verdict, severity):
    judged = Judged(criterion="cost <= 0.9 × baseline", verdict=verdict, value=1.05, low=0.95, high=1.1, limit=0.9)
    assert [f.severity for f in quality(outcomes(), [judged])] == [severity]


def groups(rate_b, seed=1, n=8_000):
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], n)
    said = rng.random(n) < np.where(group == "b", rate_b, 0.3)
    return {"truth": said, "decision": said, "group": group, "day": rng.integers(0, 40, n)}


def found_bias(data, limit=0.1, **by):
    return bias(
        nf.selection_rate, data["truth"], None, by={"group": data["group"], **by}, day=data["day"], limit=limit, today=40, decision=data["decision"]
    )


def test_equal_groups_are_no_bias():
    assert found_bias(groups(0.3), limit=0.02) == []


def test_a_gap_surely_above_the_limit_is_an_alarm():
    assert [f.severity for f in found_bias(groups(0.5))] == ["alarm"]


def test_a_gap_that_may_be_chance_is_only_watched():
    assert [f.severity for f in found_bias(groups(0.425))] == ["watch"]


def test_a_gap_that_only_intersections_show_is_found():
    rng = np.random.default_rng(3)
    n = 8_000
    a, b = rng.choice(["x", "y"], n), rng.choice(["u", "v"], n)
    said = rng.random(n) < np.where((a == "x") == (b == "u"), 0.2, 0.5)
    found = found_bias({"truth": said, "decision": said, "group": a, "day": rng.integers(0, 40, n)}, other=b)
    assert [f.subject for f in found] == ["selection_rate by group and other"]


def frames(seed=1, n=3_000):
    rng = np.random.default_rng(seed)

    def make(shift, share):
        carrier = rng.choice(["AA", "UA", "DL"], n, p=[share, 0.5, 0.5 - share])
        when = pl.Series(rng.integers(0, 10**9, n)).cast(pl.Datetime("us", "UTC"))
        columns = {"wind": rng.normal(shift, 1, n), "same": rng.normal(0, 1, n), "carrier": carrier, "constant": np.ones(n), "when": when}
        return pl.DataFrame(columns)

    return make(0, 0.3), make(0.5, 0.1)


@pytest.mark.parametrize(
    "convert", [lambda f: f, pl.DataFrame.lazy, pl.DataFrame.to_arrow, lambda f: f.to_pandas(), lambda f: f.to_dict(as_series=False)]
)
def test_two_frames_of_any_kind_are_compared(convert):
    a, b = frames()
    assert set(nf.drift(convert(a), convert(b)).drifted) == {"wind", "carrier"}
    assert isinstance(convert(a), (pl.DataFrame, pl.LazyFrame, pa.Table, pd.DataFrame, dict))


def test_nothing_changed_is_ok_in_almost_every_comparison():
    assert sum(not nf.drift(frames(seed)[0], frames(seed + 100)[0]).ok for seed in range(30)) <= 1


def test_a_column_that_becomes_null_or_text_has_drifted():
    a = pl.DataFrame({"x": [1.0, 2.0, 3.0] * 100})
    assert nf.drift(a, a.with_columns(x=pl.lit(None, pl.Float64))).drifted == ["x"]
    assert nf.drift(a, a.with_columns(pl.col("x").cast(pl.String))).drifted == ["x"]


def test_an_empty_frame_is_no_drift_and_no_nan():
    a, _ = frames()
    assert all(c.p == 1.0 for c in nf.drift(a, a.clear()).columns)


def test_a_column_that_is_missing_is_named():
    a, b = frames()
    with pytest.raises(DataError, match='there is no column "wnd"'):
        nf.drift(a, b, columns=["wnd"])
    assert nf.drift(a, b.drop("same")).missing == ("same",)


def test_one_frame_is_refused():
    with pytest.raises(DeclarationError, match="got 1 frames"):
        nf.drift(frames()[0])


def test_a_budget_is_a_number_and_a_period():
    assert false_alarms("4 per year") == pytest.approx(0.9863, abs=1e-3)
    with pytest.raises(UsageError):
        false_alarms("never")
