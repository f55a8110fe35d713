"""Verdicts of a project: an old one stands until newer data come, each look is a fact; groups of several classes and of amounts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import making

DAY = timedelta(days=1)


def edited(main: Path, *pairs: tuple[str, str], more: str = "") -> None:
    text = main.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    main.write_text(text + more)


def verdict(main: Path, name: str, **given: Any) -> dict[str, Any]:
    making.run(main, **given)
    with making.home(main) as home:
        last = home.ledger.last("hypothesis.tested", home.subject("hypothesis", name))
    assert last is not None
    return last.body


BELIEF = '\nmatters = nf.Hypothesis("The hour matters", nf.helps("hour"))\n'
WIDER = ('"weight", "width"]', '"weight"]')


def test_without_newer_data_the_old_verdict_stands_and_the_look_is_told(bins_copy: Path) -> None:
    edited(bins_copy, more=BELIEF)
    first = verdict(bins_copy, "matters", as_of=making.END - 5 * DAY)
    edited(bins_copy, WIDER)
    second = verdict(bins_copy, "matters", as_of=making.END - 5 * DAY)
    assert second["content"] != first["content"]
    assert [second[p] for p in ("verdict", "effect", "p_corrected", "version")] == [first[p] for p in ("verdict", "effect", "p_corrected", "version")]
    assert (first["looks"], second["looks"]) == (1, 2)
    assert f"it stands (from version {first['version']}) until newer data come: look 2 at these gives" in second["text"]


def test_newer_data_bring_a_new_verdict(bins_copy: Path) -> None:
    edited(bins_copy, more=BELIEF)
    first = verdict(bins_copy, "matters", as_of=making.END - 5 * DAY)
    second = verdict(bins_copy, "matters", as_of=making.END - 2 * DAY)
    assert (second["looks"], "stands" in second["text"], second["effect"] != first["effect"]) == (1, False, True)


def test_another_test_of_the_same_data_counts_as_a_further_look(bins_copy: Path) -> None:
    edited(bins_copy, more=BELIEF)
    verdict(bins_copy, "matters", as_of=making.END)
    edited(bins_copy, ('nf.helps("hour")', 'nf.beats("linear", "baseline")'))
    second = verdict(bins_copy, "matters", as_of=making.END)
    assert second["looks"] == 2
    assert second["p_corrected"] >= min(1.0, 2 * second["p"])


def test_groups_of_several_classes_may_differ(bins_copy: Path) -> None:
    cut = '(post: pl.LazyFrame) -> pl.LazyFrame:\n    """One row for each letter."""\n    return post'
    edited(
        bins_copy,
        (cut, cut + '.with_columns(night=pl.col("letter").str.slice(4).cast(pl.Int64) >= 10)'),
        ('"weight", "width"]', '"weight", "width", "night"]'),
        more='\nvary = nf.Hypothesis("Night letters are harder", nf.differs(nf.accuracy, by="night"))\n',
    )
    found = verdict(bins_copy, "vary", as_of=making.END)
    assert (found["verdict"] in {"supported", "undecided"}, found["n"], found["unit"]) == (True, 500, "gap of accuracy")
