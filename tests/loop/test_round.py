"""Round again: alarm, incident, retraining, gate, canary, promotion; from facts alone."""

import pytest
from world import LEARNT, World, micros

from ninefold.endpoints.records import champion, current
from ninefold.units import DAY

pytestmark = pytest.mark.slow


def test_nothing_is_alarmed_before_the_change(turned: World) -> None:
    assert [f for f in turned.facts("alert.raised") if f["when"] <= micros(LEARNT + 10)] == []


def test_calibration_opens_one_incident_that_says_since_when(turned: World) -> None:
    opened = [f for f in turned.facts("incident.opened") if not f["again"]]
    assert len(opened) == 1 and micros(LEARNT + 11) <= opened[0]["when"] <= micros(LEARNT + 16)
    assert "what was predicted came out" in opened[0]["text"]


def test_one_retraining_within_the_cooldown(turned: World) -> None:
    assert len(turned.facts("retrain.started")) == 1
    done = turned.facts("retrain.done")[0]
    assert done["outcome"] == "challenger" and done["cpu"] > 0


def test_a_better_challenger_is_promoted_by_an_always_valid_test(turned: World) -> None:
    judged = turned.facts("canary.judged")
    assert judged[-1]["decision"] == "promote" and judged[-1]["low"] > 0
    assert all(f["decision"] == "hold" for f in judged[:-1])
    with turned.home() as home:
        first = champion(current(home.ledger, "visits", "desk"))
    assert first is not None and first.version == 2


def test_the_incident_closes_after_quiet_days(turned: World) -> None:
    opened, closed = turned.facts("incident.opened")[0], turned.facts("incident.closed")
    assert closed and closed[0]["when"] >= opened["when"] + 7 * DAY


def test_looks_keep_numbers_of_each_mature_day(turned: World) -> None:
    days = [d["day"] for f in turned.facts("monitor.looked") for d in f["days"]]
    assert days == sorted(set(days)) and len(days) >= 20


def test_looks_estimate_what_is_not_mature_and_mature_days_correct_it(turned: World) -> None:
    looks = {round((f["when"] - micros(LEARNT)) / DAY): f["open"] for f in turned.facts("monitor.looked")}
    usual, later = looks[9], looks[20]
    assert {look["n"] for look in looks.values()} == {34}  # also while another version answers a fifth of them
    assert usual["assumes"] == "the same scores still mean the same" and 0 <= usual["outside"] < 0.1
    auc, brier = ([{c["metric"]: c for c in look["criteria"]}[name] for look in (usual, later)] for name in ("roc_auc", "brier"))
    # x means the opposite: scores alone do not show it; the outcomes of the days before do
    assert auc[1]["value"] == pytest.approx(auc[0]["value"], abs=0.05) and "no mean" in auc[1]["why"]
    assert brier[1]["uncorrected"] == pytest.approx(brier[0]["uncorrected"], abs=0.02)
    assert brier[1]["value"] > brier[1]["uncorrected"] + 0.1 and brier[1]["labelled"] == 14 * 48
    assert later["loss"]["value"] > later["loss"]["uncorrected"] + 0.2


def test_the_problem_is_judged_every_week(turned: World) -> None:
    judged = turned.facts("problem.judged")
    assert len(judged) >= 4 and judged[-1]["criteria"][0]["days"] > 7


def test_what_was_done_is_told_in_order(turned: World) -> None:
    told = [d["what"] for d in turned.played.done]  # type: ignore[attr-defined]
    assert told.index("incident.opened") < told.index("retrain") < told.index("canary.promote")
