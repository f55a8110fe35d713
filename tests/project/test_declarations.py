"""What cannot be is refused where it is written, with what was given and what to write instead."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

import ninefold as nf
from ninefold.errors import DeclarationError

LATE = nf.binary("late", of="orders", at="due_at - 2h")
LINE = {"line": LogisticRegression()}
# what a careless hand may write; types forbid most of it
anything: Any = nf

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: anything.Problem("?", owner="desk", predict=LATE, risk="hihg"), "the risk is 'hihg'"),
    (lambda: nf.Problem("?", owner="desk", predict=LATE, risk="high"), "names nobody who approves"),
    (lambda: anything.roc_auc >= None, "roc_auc is compared with None"),
    (lambda: anything.roc_auc >= nf.brier, "roc_auc is compared with brier"),
    (lambda: anything.Model("late", features=["a"], candidates=[LogisticRegression()]), "gives no names"),
    (lambda: anything.Model("late", features=["a"], candidates=LINE, split="30d"), "split='30d' is no split"),
    (lambda: anything.Table("db:orders", key="id", later=["late"]), "gives no names"),
    (lambda: anything.Source("a.csv", types={"zip": "integer"}), "the type 'integer'"),
    (lambda: anything.Source("a.csv", format="xls"), "format='xls' is not known"),
    (lambda: anything.Source("a.csv", null=[0]), "null=0 is no text"),
    (lambda: anything.Endpoint("late", release="canary"), "release='canary'"),
    (nf.unique, "names no columns"),
    (lambda: nf.between("price", "a", 3), "cannot be compared"),
    (lambda: nf.holds(True), "no Polars expression"),
    (lambda: nf.row_count(10, 5), "no table has so many rows"),
    (lambda: anything.check(pl.DataFrame({"id": [1]}), ["id"]), "'id' is no expectation"),
    (lambda: anything.ints("a", "b"), "has no numbers"),
    (nf.choice, "nothing to choose from"),
    (lambda: nf.f_beta(beta=-1), "beta=-1"),
    (lambda: nf.pinball(quantile=2), "quantile=2"),
    (lambda: nf.lift(top="0%"), "nobody"),
]


@pytest.mark.parametrize(("declare", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_is_refused_where_it_is_written(declare: Callable[[], Any], said: str) -> None:
    with pytest.raises(DeclarationError, match=said.replace("(", r"\(")) as raised:
        declare()
    assert raised.value.hint
