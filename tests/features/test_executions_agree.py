"""Batch kernel and online fold answer as the oracle does: late rows, ties, nulls, corrections, planned windows, conditions, several entities."""

import math
from typing import Any

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import ninefold as nf
from ninefold.features import Aggregate, Features
from ninefold.features.kernel import compute
from ninefold.features.online import Fold
from ninefold.features.oracle import Row, answer
from ninefold.features.spec import spec_of
from ninefold.tables import Table

TABLE = Table(lambda: None, key="id", time="e", tz="UTC", known="k")
PAID = pl.col("paid")
WINDOWS: dict[str, Aggregate] = {
    "rows": nf.count("2us"),
    "values": nf.count("v", "4us"),
    "all": nf.count(),
    "sum": nf.sum("v", "3us"),
    "mean": nf.mean("v", "12us"),
    "std": nf.std("v", "5us"),
    "min": nf.min("v", "5us"),
    "max": nf.max("v", "2us"),
    "first": nf.first("v", "3us"),
    "last": nf.last("v", "3us"),
    "newest": nf.last("v"),
    "distinct": nf.distinct("v", "4us"),
    "median": nf.quantile("v", "4us", q=0.5),
    "any": nf.any("paid", "2us"),
    "some": nf.any(None, "2us"),
    "paid": nf.count("4us", where=PAID),
    "paid_sum": nf.sum("v", "8us", where=PAID & (pl.col("v") > 1)),
    "planned": nf.count(ahead="2us"),
    "planned_max": nf.max("v", ahead="4us"),
    "planned_first": nf.first("v", ahead="4us"),
    "lagged": nf.sum("v", "2us", before="2us"),
    "lagged_last": nf.last("v", "2us", before="2us"),
    "none": nf.sum("v", "2us", empty=-1),
    "three": nf.sum("v", rows=3),
    "three_last": nf.last("v", rows=3),
    "three_first": nf.first("v", rows=3),
    "three_rows": nf.count(rows=3),
    "everyone": nf.sum("v", "4us", by=[]),
    "both": nf.count("4us", by=["who", "shop"]),
    "shop": nf.last("v", "4us", by="shop"),
}

times = st.integers(0, 8)  # few instants: ties, and questions at the very edges
numbers = st.one_of(st.none(), st.integers(-3, 6).map(float), st.sampled_from([0.1, 0.2, 1e9, -1e9, 1e-7, math.nan]))
edges = st.integers(-1, 8).map(lambda t: None if t < 0 else t)
row = st.tuples(
    st.sampled_from(["a", "a", "a", "b", None]),
    st.sampled_from(["x", "y", None]),
    edges,
    edges,
    numbers,
    st.sampled_from([True, False, None]),
    st.one_of(st.none(), st.none(), times),
)
question = st.tuples(st.sampled_from(["a", "a", "b", "c", None]), st.sampled_from(["x", "y", None]), st.integers(-1, 12))


def frames(rows: list[Any], questions: list[Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    schema = {"who": pl.String, "shop": pl.String, "e": pl.Int64, "k": pl.Int64, "v": pl.Float64, "paid": pl.Boolean, "__gone": pl.Int64}
    view = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("__seq").with_columns(pl.col("__seq").cast(pl.Int64))
    view = view.with_columns(
        pl.col("__seq").alias("id"), pl.col("k").alias("__k"), *(pl.from_epoch(c, "us").dt.replace_time_zone("UTC") for c in ("e", "k"))
    )
    return view, pl.DataFrame(questions, schema={"who": pl.String, "shop": pl.String, "__q": pl.Int64}, orient="row")


def by_oracle(rows: list[Any], questions: list[Any], name: str, same_instant: bool) -> list[Any]:
    a = WINDOWS[name]
    by = a.by if a.by is not None else ("who",)
    place = {"who": 0, "shop": 1}
    seen = []
    for seq, r in enumerate(rows):
        paid, v = r[5], None if r[4] is None or math.isnan(r[4]) else r[4]
        if (name == "paid" and paid is not True) or (name == "paid_sum" and not (paid is True and v is not None and v > 1)):
            continue
        value = paid if a.column == "paid" else v
        seen.append(Row(tuple(r[place[c]] for c in by), r[2], r[3], value, seq, r[6]))
    return [answer(seen, tuple(x[place[c]] for c in by), x[2], a, same_instant=same_instant) for x in questions]


def same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and not math.isnan(a):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return bool(a == b)


def differing(found: dict[str, list[Any]], rows: list[Any], questions: list[Any], same_instant: bool) -> list[Any]:
    wrong = []
    for name in WINDOWS:
        for asked, expected, got in zip(questions, by_oracle(rows, questions, name, same_instant), found[name], strict=True):
            if not same(expected, got):
                wrong.append((name, asked, expected, got))
    return wrong


def looked_up(fold: Fold, questions: list[Any]) -> dict[str, list[Any]]:
    answers = [fold.lookup("g", {"who": who, "shop": shop}, q) for who, shop, q in questions]
    return {name: [a[name] for a in answers] for name in WINDOWS}


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(row, min_size=2, max_size=16), st.lists(question, min_size=6, max_size=10), st.booleans())
def test_kernel_answers_as_the_oracle(rows: list[Any], questions: list[Any], same_instant: bool) -> None:
    view, asked = frames(rows, questions)
    group = Features(TABLE, by="who", same_instant=same_instant, columns=WINDOWS)
    found = compute(view, asked, group, TABLE).to_dict(as_series=False)
    assert differing(found, rows, questions, same_instant) == []


@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(row, min_size=2, max_size=16), st.lists(question, min_size=6, max_size=10), st.booleans())
def test_fold_warmed_from_a_view_answers_as_the_oracle(rows: list[Any], questions: list[Any], same_instant: bool) -> None:
    view, _ = frames(rows, questions)
    fold = Fold([spec_of("g", Features(TABLE, by="who", same_instant=same_instant, columns=WINDOWS), "t", TABLE)], slack=1000)
    fold.warm("t", view, 40)
    assert differing(looked_up(fold, questions), rows, questions, same_instant) == []


@settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(row, min_size=2, max_size=16), st.lists(question, min_size=6, max_size=10), st.randoms(use_true_random=False))
def test_fold_of_rows_in_any_order_and_in_instalments_answers_as_the_oracle(rows: list[Any], questions: list[Any], random: Any) -> None:
    rows = [(*r[:6], None) for r in rows]
    fold = Fold([spec_of("g", Features(TABLE, by="who", columns=WINDOWS), "t", TABLE)], slack=1000)
    parts = []
    for i, (who, shop, e, k, v, paid, _) in enumerate(rows):
        whole = {"who": who, "shop": shop, "e": e, "k": k, "v": v, "paid": paid}
        cut = random.sample(sorted(whole), random.randint(0, len(whole)))
        parts += [{"id": i, "__seq": i, **{c: whole[c] for c in cut}}, {"id": i, "__seq": i, **{c: x for c, x in whole.items() if c not in cut}}]
    random.shuffle(parts)
    for part in parts:
        fold.apply("t", [part])
        fold.lookup("g", {"who": "a", "shop": "x"}, random.randint(0, 40))  # reading between writes changes nothing
    restarted = Fold(list(fold.groups.values()), slack=1000)
    restarted.load(fold.snapshot())
    assert differing(looked_up(restarted, questions), rows, questions, False) == []
