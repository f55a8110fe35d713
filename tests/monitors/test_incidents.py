"""Findings become incidents: told once, acted on within limits, closed when over."""

from ninefold.monitors.finding import Finding
from ninefold.monitors.incidents import Past, group
from ninefold.monitors.monitor import ask, retrain

RETRAIN = {"quality": retrain(cooldown="14d"), "drift": retrain(cooldown="14d")}


def finding(check="quality", subject="calibration", severity="alarm"):
    return Finding(check=check, subject=subject, score=2.0, limit=1.0, since=0, severity=severity, text=f"{subject} moved")


def quiet(incidents, start, days, **more):
    changes = None
    for day in range(start, start + days):
        changes = group([], incidents, day, **more)
        incidents = changes.incidents
    return changes


def test_what_is_only_watched_opens_nothing():
    assert group([finding(severity="watch")], [], 1).incidents == ()


def test_drift_and_quality_of_one_day_are_one_incident():
    changes = group([finding(), finding("drift", "wind")], [], 1)
    assert len(changes.opened) == len(changes.messages) == 1
    assert "inputs moved with them (wind)" in changes.incidents[0].cause


def test_an_incident_is_told_once():
    first = group([finding()], [], 1)
    assert group([finding()], first.incidents, 2).messages == ()


def test_drift_alone_never_retrains():
    assert [s.kind for s in group([finding("drift", "wind")], [], 1, actions=RETRAIN).steps] == ["tell"]


def test_quality_that_moves_later_retrains_in_the_same_incident():
    first = group([finding("drift", "wind")], [], 1, actions=RETRAIN)
    second = group([finding()], first.incidents, 2, actions=RETRAIN)
    assert ([s.kind for s in second.steps], second.opened) == (["retrain"], ())


def test_a_broken_feed_is_held_and_never_retrains():
    changes = group([finding("freshness", "weather"), finding()], [], 1, actions=RETRAIN)
    assert [i.family for i in changes.incidents] == ["feed"]
    assert [s.kind for s in changes.steps] == ["hold"]


def test_without_then_quality_asks_the_owner():
    step = group([finding()], [], 1, actions={"quality": None}).steps[0]
    assert (step.kind, step.whom) == ("ask", None)


def test_bias_is_an_incident_of_its_own():
    changes = group([finding("bias", "recall by carrier"), finding()], [], 1, actions={"bias": ask("desk")})
    assert {i.family for i in changes.incidents} == {"groups", "change"}


def test_no_automatic_action_within_a_week_of_the_last():
    past = Past(last_action=0)
    assert group([finding()], [], 6, actions={"quality": retrain(cooldown="1d")}, past=past).steps == ()
    assert len(group([finding()], [], 7, actions={"quality": retrain(cooldown="1d")}, past=past).steps) == 1


def test_the_cooldown_and_the_label_delay_lengthen_the_pause():
    assert group([finding()], [], 13, actions=RETRAIN, past=Past(last_action=0)).steps == ()
    slow = Past(last_action=0, label_delay=30 * 86_400_000_000)
    assert group([finding()], [], 29, actions=RETRAIN, past=slow).steps == ()


def test_two_retrainings_without_gain_ask_a_person():
    assert [s.kind for s in group([finding()], [], 1, actions=RETRAIN, past=Past(fruitless=2)).steps] == ["ask"]


def test_seven_quiet_days_close_it():
    opened = group([finding()], [], 1)
    assert quiet(opened.incidents, 2, 6).incidents[0].state != "closed"
    assert quiet(opened.incidents, 2, 7).closed == opened.opened


def test_several_looks_of_one_quiet_day_count_once():
    incidents = group([finding()], [], 1).incidents
    for _ in range(20):
        incidents = group([], incidents, 2).incidents
    assert incidents[0].quiet == 1


def test_what_returns_within_fourteen_days_is_the_same_incident():
    opened = group([finding()], [], 1)
    closed = quiet(opened.incidents, 2, 7)
    again = group([finding()], closed.incidents, 20)
    assert (again.opened, again.incidents[0].id, again.incidents[0].state) == ((), opened.incidents[0].id, "incident")
    assert len(group([finding()], closed.incidents, 30).opened) == 1
