"""What is wrong with a project is said before anything runs: each test breaks one thing of a project that is right."""

import polars as pl
import pytest

from ninefold.config import load
from ninefold.errors import NotYetError
from ninefold.project.check import check, check_built
from ninefold.project.check.later import watches_less
from ninefold.project.running import refuse_what_cannot_run

RIGHT = """
from sklearn.linear_model import LinearRegression, LogisticRegression
raw = nf.Source("raw.csv")
calls = nf.Table("warehouse:calls", key="call_id", time="called_at")
@nf.table(key="id", time="due_at", tz="UTC", known="due_at - 30d", later={"late": "done_at", "delay": "done_at"})
def orders(raw: pl.LazyFrame) -> pl.LazyFrame: ...
delays = nf.Problem(
    "Late?", owner="desk", predict=nf.binary("late", of="orders", at="due_at - 2h"),
    solved_when=[nf.roc_auc >= 0.7, nf.cost(false_alarm=1, miss=5) <= 0.9 * nf.baseline],
)
load = nf.Features(orders, by="shop", n=nf.mean("delay", "7d"), soon=nf.count(ahead="3h"))
hour = nf.Features(hour=pl.col("due_at").dt.hour())
model = nf.Model(
    delays, features=[load, hour, "carrier"],
    candidates={"line": nf.tune(LogisticRegression(), C=nf.floats(0.1, 1)), "flat": LogisticRegression()},
)
belief = nf.Hypothesis("it helps", nf.helps("load"))
beaten = nf.Hypothesis("it beats", nf.beats("line", "flat"))
desk = nf.Endpoint(model, acted="calls")
watch = nf.Monitor(desk, checks=[nf.freshness(), nf.bias(by="shop")], tell=["log://"])
"""

WRONG = [
    ('of="orders"', 'of="order"', 'there is no table called "order"', 'did you mean "orders"?'),
    ('of="orders"', 'of="raw"', '"raw" is a source, and a table is wanted here', ""),
    ("raw: pl.LazyFrame)", "rwa: pl.LazyFrame)", 'the parameter "rwa" names no table and no source', 'did you mean "raw"?'),
    ("raw: pl.LazyFrame)", "raw: dict)", 'the parameter "raw" is annotated builtins.dict, which is no frame', "polars.LazyFrame"),
    ("raw: pl.LazyFrame)", "*raw: pl.LazyFrame)", 'orders has the parameter "*raw', "name each thing"),
    ("raw: pl.LazyFrame)", "other: pl.LazyFrame)", 'the parameter "other" names no table', "needs a default"),
    ('"late": "done_at", ', "", 'the label "late" is no column that comes to be known later', "later="),
    ('tz="UTC"', 'tz="UCT+7"', '"UCT+7"', "IANA"),
    ('"carrier"]', '"delay"]', '"delay" is a leak: it is known at done_at, and the question is asked at due_at - 2h', "through a window"),
    ('"carrier"]', '"late"]', '"late" is what is to be predicted', ""),
    ('pl.col("due_at")', 'pl.col("delay")', '"delay" (read by hour.hour) is a leak', ""),
    ('at="due_at - 2h"', 'at="done_at"', '"done_at" (read by at="done_at") is a leak: it is known at done_at', "ask later"),
    ('"carrier"]', "hour]", '"hour" stands twice', ""),
    ("nf.roc_auc >= 0.7", "nf.rmse <= 0.7", "nf.rmse measures regression answers, and the target is binary", "nf.roc_auc"),
    ("nf.roc_auc >= 0.7", "nf.roc_auc >= nf.baseline", "cannot be compared with a baseline", "only costs and losses"),
    ("nf.roc_auc >= 0.7", "nf.latency <= '20ms'", "nf.latency has no statistic", "p99"),
    ("nf.roc_auc >= 0.7", "nf.latency.p99 <= 'soon'", "'soon' is no duration", "20ms"),
    ("nf.roc_auc >= 0.7", "nf.ref('kept') >= 0.7", 'there is no metric called "kept"', ""),
    ("nf.roc_auc >= 0.7", "nf.ref('recall') >= 0.7", "is a built-in metric", "write nf.recall"),
    ("false_alarm=1, miss=5", "false_alarm=1", "nf.cost does not say what miss= costs", ""),
    ("false_alarm=1, miss=5", "under=1, over=2, false_alarm=1, miss=5", "nf.cost has under=", ""),
    ("false_alarm=1, miss=5", "false_alarm=1, miss='delay'", '"delay" (read by the cost miss=) is a leak', ""),
    (
        'by="shop", n=nf.mean("delay", "7d")',
        'by="shop", at="done_at", n=nf.mean("delay", ahead="7d")',
        '"n" looks ahead, and "delay" is known at done_at',
        "planned",
    ),
    ('known="due_at - 30d", ', "", '"soon" looks ahead, and the rows are known at due_at', "planned"),
    ("C=nf.floats", "CC=nf.floats", "searches CC=, which LogisticRegression does not have", 'did you mean "C"?'),
    ('"flat": LogisticRegression()', '"flat": LinearRegression()', "is a regressor, and the target is binary", "classifier"),
    ('nf.helps("load")', 'nf.helps("laod")', 'there is no features called "laod"', 'did you mean "load"?'),
    ("features=[load, hour", "features=[hour", 'no model uses the features "load"', ""),
    ('nf.beats("line", "flat")', 'nf.beats("lines", "flat")', 'there is no candidate called "lines"', 'did you mean "line"?'),
    ('nf.beats("line", "flat")', 'nf.beats("line", "line")', '"line" cannot beat itself', ""),
    ('acted="calls"', 'acted="call"', 'there is no table or source called "call"', 'did you mean "calls"?'),
    ("nf.Monitor(desk", 'nf.Monitor("desc"', 'there is no endpoint called "desc"', 'did you mean "desk"?'),
    ("nf.freshness()", "nf.freshness(then=nf.retrain())", "would retrain the model", ""),
    ('"log://"', '"logs://"', '"logs://" cannot be told', 'did you mean "log"?'),
    ('acted="calls"', 'acted="calls", was="watch", release=nf.canary("0%")', "the canary gets 0%", ""),
    ('acted="calls"', 'acted="calls", was="desk"', '"desk" was always called "desk"', ""),
    ('key="call_id"', 'was="orders", key="call_id"', 'continues the history of "orders", which is still declared', ""),
    ("hour=pl.col", 'a=pl.col("b"), b=pl.col("a"), hour=pl.col', "in a circle: a → b → a", ""),
    (
        'nf.binary("late", of="orders"',
        'nf.binary(nf.ahead("calls", nf.any(), "40d"), of="orders"',
        "no question of the validate span (30d) is mature",
        "",
    ),
    ('nf.binary("late", of="orders"', 'nf.binary(nf.ahead("calls", nf.sum("n"), "4d"), of="orders"', "nf.sum ahead gives no binary label", "nf.any"),
    ('owner="desk"', 'owner="desk", baseline="load.nn"', 'the baseline "load.nn" names no feature of load', 'did you mean "n"?'),
]


def test_a_project_that_is_right_has_nothing_wrong(project):
    checked = check(project(RIGHT))
    assert (checked.errors, checked.warnings) == ([], [])


@pytest.mark.parametrize(("right", "wrong", "message", "hint"), WRONG, ids=[w[2][:40] for w in WRONG])
def test_what_is_wrong_is_said_at_its_line(project, right, wrong, message, hint):
    text = RIGHT.replace(right, wrong)
    assert text != RIGHT
    errors = check(project(text)).errors
    found = [e for e in errors if message in e.message]
    assert found, [str(e) for e in errors]
    assert hint in found[0].hint
    assert found[0].where.startswith("shop.py:")


def test_the_place_is_the_line_of_the_value_in_a_long_declaration(project):
    text = RIGHT.replace("nf.roc_auc >= 0.7", "nf.rmse <= 0.7")
    [error] = check(project(text)).errors
    line = int(error.where.removeprefix("shop.py:"))
    assert "nf.rmse" in ["", "", "", *text.splitlines()][line]


def test_everything_is_said_at_once(project):
    text = RIGHT.replace('of="orders"', 'of="order"').replace("nf.roc_auc >= 0.7", "nf.rmse <= 1").replace('"log://"', '"x:"')
    assert len(check(project(text)).errors) == 3


def test_a_circle_is_named(project):
    graph = project("""
        @nf.table(key="id")
        def a(b: pl.LazyFrame) -> pl.LazyFrame: ...
        @nf.table(key="id")
        def b(a: pl.LazyFrame) -> pl.LazyFrame: ...
    """)
    assert [e.message for e in check(graph).errors] == ["things need each other in a circle: a → b → a"]


def test_a_row_that_sums_up_a_day_happened_at_its_end(project):
    checked = check(project('sales = nf.Table("lake:x", key=["shop", "day"], time="day")\n'))
    assert checked.ok and checked.warnings[0].hint == 'it happened at the end: time="day + 1d"'


def test_a_criterion_that_bad_answers_meet_is_doubted(project):
    checked = check(project(RIGHT.replace("roc_auc >=", "roc_auc <=")))
    assert checked.ok and "is met by answers that are bad enough" in checked.warnings[0].message


def test_a_text_that_names_a_group_is_a_column(project):
    checked = check(project(RIGHT.replace('"carrier"]', '"load"]')))
    assert checked.warnings[0].hint == "for the group write load without quotes"


def test_a_connection_that_the_environment_lacks_is_a_warning(project):
    graph = project(RIGHT)
    checked = check(graph, load(graph.root))
    assert checked.ok and 'has no connection "warehouse"' in checked.warnings[0].message


def test_columns_are_checked_once_tables_are_built(project):
    graph = project(RIGHT)
    schema = {
        "id": pl.String,
        "due_at": pl.Datetime("us", "UTC"),
        "shops": pl.String,
        "delay": pl.String,
        "late": pl.Boolean,
        "done_at": pl.Datetime("us", "UTC"),
    }
    errors = check_built(graph, {"orders": schema})
    told = [(e.message, e.hint) for e in errors]
    assert ('by= reads the column "shop", which orders does not have', 'did you mean "shops"?') in told
    assert any('"n" takes nf.mean of "delay", which is String' in message for message, _ in told)
    assert any('features= reads the column "carrier"' in message for message, _ in told)


def test_columns_that_are_all_there_are_right(project):
    names = ["id", "due_at", "shop", "carrier", "delay", "late", "done_at"]
    assert check_built(project(RIGHT), {"orders": names}) == []


def test_an_aggregate_by_the_question_s_name_of_a_column_is_right(project):
    text = RIGHT.replace(
        'nf.Features(orders, by="shop", n=nf.mean("delay", "7d")', 'nf.Features(calls, by={"shop": "store"}, n=nf.count("7d", by="shop")'
    )
    orders = ["id", "due_at", "shop", "carrier", "delay", "late", "done_at"]
    assert check_built(project(text.replace(', soon=nf.count(ahead="3h")', "")), {"orders": orders, "calls": ["call_id", "called_at", "store"]}) == []


def test_the_entity_of_an_aggregate_is_a_column_of_the_question(project):
    text = RIGHT.replace('n=nf.mean("delay", "7d")', 'n=nf.mean("delay", "7d", by="caller")')
    names = ["id", "due_at", "shop", "carrier", "delay", "late", "done_at"]
    told = [e.message for e in check_built(project(text), {"orders": names})]
    assert 'the group "load" reads the column "caller", which orders does not have' in told


def test_a_window_that_can_see_no_row_is_said_before_anything_runs(project):
    text = RIGHT.replace('"delay": "done_at"}', '"delay": "done_at", "paid": "due_at + 9d"}').replace("soon=", 'paid=nf.sum("paid", "7d"), soon=')
    [error] = check(project(text)).errors
    assert "load.paid can never see a row" in error.message and "7d" in error.message


LATER = """
class Own:
    def fit(self, x, y): ...
    def predict(self, x): ...
    def save(self, folder): ...
    def load(self, folder): ...
"""


def test_what_this_release_cannot_run_is_accepted_by_check_and_named_by_a_run(project):
    text = LATER + RIGHT.replace('"flat": LogisticRegression()', '"flat": Own()')
    graph = project(text.replace('@nf.table(key="id"', '@nf.table(mode="stream", key="id"'))
    with pytest.raises(NotYetError) as caught:
        refuse_what_cannot_run(graph)
    assert check(graph).ok
    assert all(said in str(caught.value) for said in ("a stream", "Own saves and loads itself")), str(caught.value)


def test_a_monitor_that_would_watch_less_than_was_asked_is_named(project):
    graph = project(RIGHT.replace("nf.freshness()", 'nf.quality(by="shop")'))
    assert [e.message for e in watches_less(graph)] == ['the monitor "watch" watches quality by group']
    assert watches_less(project(RIGHT.replace("nf.freshness()", "nf.quality()"))) == []
