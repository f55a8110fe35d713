"""Criteria in production: a window ahead, today's practice, several classes, void questions, what metrics may see."""

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import making
import msgspec
import polars as pl
import pytest

import ninefold as nf
from ninefold import config
from ninefold.clock import SimulatedClock
from ninefold.loop.fairness import Fairness
from ninefold.loop.production import Production as Followed
from ninefold.models.records import newest
from ninefold.project.home import Home
from ninefold.project.learning import Learning
from ninefold.project.live import production
from ninefold.project.reading.read import read
from ninefold.server.runtime import Runtime

DAY = timedelta(days=1)
ROME = ZoneInfo("Europe/Rome")


@pytest.fixture
def shops(shops_copy: Path) -> Iterator[Runtime]:
    """Asked at seven each morning of 25 days."""
    with making.home(shops_copy) as home:
        runtime = Runtime(home, SimulatedClock(making.micros(making.FIRST + 30 * DAY)))
        runtime.start()
        with (shops_copy.parent / "data" / "listings.csv").open() as file:
            items = [{"item": r["item"], "price": float(r["price"])} for r in csv.DictReader(file)]
        for day in range(31, 56):
            q = making.micros(datetime(2024, 1, 1, 7, tzinfo=ROME) + day * DAY)
            for record in runtime.services["orders"].answer(items, q=q)[1]:
                runtime.journal("predictions/orders").append([record]).result()
        yield runtime
        runtime.stop()


@pytest.fixture
def bins(bins_copy: Path) -> Iterator[Runtime]:
    """Letters of 25 days, answered when they arrive; their bins told half an hour later, of each tenth void."""
    with making.home(bins_copy) as home:
        runtime = Runtime(home, SimulatedClock(making.micros(making.FIRST + 30 * DAY)))
        runtime.start()
        with (bins_copy.parent / "data" / "letters.csv").open() as file:
            rows = list(csv.DictReader(file))[30 * 20 : 55 * 20]
        asked = [{"letter": r["letter"], "arrives_at": r["arrives_at"], "weight": float(r["weight"]), "width": float(r["width"])} for r in rows]
        times = [making.micros(datetime.fromisoformat(r["arrives_at"])) for r in rows]
        runtime.journal("predictions/chute").append(runtime.services["chute"].answer(asked, q=times)[1]).result()
        told = [None if n % 10 == 0 else r["bin"] for n, r in enumerate(rows)]
        key = runtime.services["chute"].champion.questions.key_of  # type: ignore[union-attr]
        outcomes = [
            {"key": key({"letter": r["letter"]}), "value": msgspec.json.encode(value).decode(), "told": at + 1_800_000_000}
            for r, value, at in zip(rows, told, times, strict=True)
        ]
        runtime.journal("outcomes/chute").append([msgspec.json.encode(o) for o in outcomes]).result()
        yield runtime
        runtime.stop()


def judged(runtime: Runtime, endpoint: str, *, until: datetime = making.END) -> dict[str, dict[str, Any]]:
    model = runtime.graph.things[endpoint].model  # type: ignore[union-attr]
    after = production.maturity(runtime.home, runtime.graph.name_of(model.problem))  # type: ignore[union-attr]
    found = production.judge(runtime.graph, runtime.home, endpoint, now=making.micros(until), after=after, window=40 * 86_400_000_000)  # type: ignore[arg-type]
    return {j["metric"]: j for j in found}


def test_a_window_ahead_is_counted_in_its_table(shops: Runtime) -> None:
    mae = judged(shops, "orders")["mae"]
    answers = production.predictions(shops.home, "orders")
    sold: dict[str, list[tuple[int, int]]] = {}
    with (shops.home.settings.root / "data" / "sales.csv").open() as file:
        for r in csv.DictReader(file):
            sold.setdefault(r["item"], []).append((making.micros(datetime.fromisoformat(r["closed_at"])), int(r["units"])))
    errors = []
    for item, q, score in zip(answers["key"], answers["q"].dt.timestamp("us"), answers["score"], strict=True):
        truth = sum(units for at, units in sold[msgspec.json.decode(item)[0]] if q <= at < q + 3 * 86_400_000_000)
        errors.append(abs(truth - score))
    assert mae["n"] == len(errors) == 25 * 12
    assert mae["value"] == pytest.approx(sum(errors) / len(errors))


def test_a_question_counts_once_its_window_and_what_settles_it_have_passed(shops: Runtime) -> None:
    early = judged(shops, "orders", until=datetime(2024, 1, 1, 15, tzinfo=ROME) + 40 * DAY)["mae"]
    assert early["n"] == 6 * 12  # of the days 31 to 36: three days and eight hours before, strictly


def test_today_s_practice_is_the_baseline_as_it_was_served(shops: Runtime) -> None:
    cost = next(j for name, j in judged(shops, "orders").items() if name.startswith("cost"))
    learning = Learning.of(shops.graph, "order")  # type: ignore[arg-type]
    rows = production.predictions(shops.home, "orders")
    now = making.micros(making.END)
    truth = production.with_outcomes(shops.home, learning, "orders", rows, now=now, after=production.maturity(shops.home, "demand"))["__label"]
    practice = [msgspec.json.decode(v)["pace.three"] for v in rows["values"]]

    def total(said: list[float]) -> float:
        return sum(3 * max(t - s, 0) + max(s - t, 0) for t, s in zip(truth, said, strict=True))

    assert cost["value"] == pytest.approx(total(rows["score"].to_list()) / total(practice))


def test_the_loop_judges_a_window_ahead_and_today_s_practice_alike(shops: Runtime) -> None:
    learning, now = Learning.of(shops.graph, "order"), making.micros(making.END)  # type: ignore[arg-type]
    followed = Followed(shops, "orders", learning, 40 * 86_400_000_000)
    followed.follow(now)
    rows = followed.labelled(now, production.maturity(shops.home, "demand"))
    found = production.judge_rows(shops.graph, shops.home, learning, rows, endpoint="orders", now=now)  # type: ignore[arg-type]
    assert {j["metric"]: j["value"] for j in found} == {name: j["value"] for name, j in judged(shops, "orders").items()}


def test_classes_are_judged_on_settled_questions_and_void_ones_are_counted(bins: Runtime) -> None:
    accuracy = judged(bins, "chute")["accuracy"]
    assert accuracy["n"] == 25 * 20 * 9 // 10
    assert accuracy["void"] == 25 * 20 // 10
    assert accuracy["value"] > 0.8


def test_a_class_that_no_version_knows_counts_as_missed(bins: Runtime) -> None:
    learning, now = Learning.of(bins.graph, "sorter"), making.micros(making.END)  # type: ignore[arg-type]
    asked = production.predictions(bins.home, "chute")
    rows = production.with_outcomes(bins.home, learning, "chute", asked, now=now, after=production.maturity(bins.home, "sorting"))
    odd = rows.with_columns(__label=pl.when(pl.col("__label") == "wide").then(pl.lit("round")).otherwise(pl.col("__label")))
    before, after = (production.judge_rows(bins.graph, bins.home, learning, r, endpoint="chute", now=now)[0] for r in (rows, odd))  # type: ignore[arg-type]
    assert (after["n"], after["value"] < before["value"] - 0.1) == (before["n"], True)


def test_a_version_is_judged_by_its_own_scores(bins: Runtime) -> None:
    after = production.maturity(bins.home, "sorting")
    given = {"now": making.micros(making.END), "after": after, "window": 40 * 86_400_000_000}
    own = production.judge(bins.graph, bins.home, "chute", version=1, **given)  # type: ignore[arg-type]
    other = production.judge(bins.graph, bins.home, "chute", version=7, **given)  # type: ignore[arg-type]
    assert own[0]["n"] > 0
    assert other[0]["n"] == 0


def test_groups_of_several_classes_are_compared_by_the_scores_of_each_version(bins: Runtime) -> None:
    learning, now = Learning.of(bins.graph, "sorter"), making.micros(making.END)  # type: ignore[arg-type]
    answers = production.predictions(bins.home, "chute")
    rows = production.with_outcomes(bins.home, learning, "chute", answers, now=now, after=production.maturity(bins.home, "sorting"))
    half = bins.home.stored("tables", "letters").read().select("letter", night=pl.col("letter").str.slice(4).cast(int) >= 10)
    check = Fairness(bins.home, learning, nf.bias(by="half"), newest(bins.home.ledger, "bins", "sorter"))  # type: ignore[arg-type]
    nights = dict(half.iter_rows())
    rows = rows.with_columns(half=pl.Series([nights[msgspec.json.decode(k)[0]] for k in rows["key"]]))
    check.limit = -1.0
    [found] = check.look(rows, now)
    assert set(found.details["groups"]) == {"True", "False"}
    assert min(found.details["groups"].values()) > 0.8


def test_a_metric_of_ours_sees_tables_as_known_then(bins: Runtime) -> None:
    then = making.micros(making.FIRST + 20 * DAY)
    seen = production.read_rows(bins.graph, bins.home, "letters", then)  # type: ignore[arg-type]
    assert seen["bin"].is_not_null().sum() == 20 * 20
    assert not [c for c in seen.columns if c.startswith("__")]


def acting(main: Path, arguments: str) -> Any:
    """The small project's answers, whose late parcels were helped wherever a yes was not held out; and all as they would have come."""
    main.write_text(main.read_text().replace("nf.Endpoint(forecast, ", f"nf.Endpoint(forecast, {arguments}, "))
    graph = read(main, root=main.parent)
    with Home(config.load(main.parent), "parcels") as home:
        learning, now = Learning.of(graph, "forecast"), making.micros(making.FIRST + 90 * DAY)
        asked = pl.concat([production.predictions(home, "dispatch")] * 40)
        rows = production.with_outcomes(home, learning, "dispatch", asked, now=now, after=production.maturity(home, "lateness"))
        rows = rows.with_columns(held=pl.Series(random.Random(3).choices([True, False], [1, 1], k=rows.height)))
        helped = (pl.col("decision") == 1) & ~pl.col("held")
        acted = rows.with_columns(__label=pl.when(helped & pl.col("__label").is_not_null()).then(False).otherwise(pl.col("__label")))

        def auc(given: Any) -> Any:
            return production.judge_rows(graph, home, learning, given, endpoint="dispatch", now=now)[0]["value"]

        return auc(acted), production.judge_rows(graph, home, learning, acted, endpoint="dispatch", now=now)[0], rows


def test_where_acting_changes_the_truth_those_held_out_stand_for_the_others(tiny_copy: Path) -> None:
    main = tiny_copy / "parcels.py"
    found, _, rows = acting(main, 'holdout="50%", acted="parcels"')
    settled = rows.filter(pl.col("__label").is_not_null())
    truth = nf.measure(nf.roc_auc, settled["__label"], settled["score"]).value
    assert found == pytest.approx(truth, abs=0.02)


def test_where_nobody_is_held_out_nothing_is_known_of_those_acted_on(tiny_copy: Path) -> None:
    found, judged_, _ = acting(tiny_copy / "parcels.py", 'acted="parcels"')
    assert (found, judged_["verdict"]) == (None, "not yet known")
