"""Estimators of a project's own classes: those that only change parameters are exported as what they inherit from; others are refused."""

from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.base import TransformerMixin
from sklearn.linear_model import LogisticRegression, PoissonRegressor

import ninefold as nf
from ninefold.bundles.encoding import Floats
from ninefold.errors import DataError, DeclarationError
from ninefold.models.dataset import Dataset
from ninefold.models.export import export
from ninefold.models.fit import fit_recipe


class Shallow(lightgbm.LGBMClassifier):
    """Only other parameters."""

    def __init__(self, num_leaves: int = 7, n_estimators: int = 20, **parameters: Any) -> None:
        super().__init__(num_leaves=num_leaves, n_estimators=n_estimators, **parameters)


class Boosted(xgboost.XGBClassifier):
    """Only another name."""


class Strict(TransformerMixin, LogisticRegression):  # type: ignore[misc]
    """Other parameters of a linear model, and something mixed in."""

    def __init__(self, C: float = 0.1) -> None:
        super().__init__(C=C)


@pytest.mark.parametrize(("own", "format"), [(Shallow(), "lightgbm"), (Boosted(n_estimators=15), "xgboost"), (Strict(), "linear")])
def test_a_class_that_changes_parameters_is_exported_by_its_library(data: Dataset, own: Any, format: str) -> None:
    fitted = fit_recipe("own", nf.on(own).candidate, {}, data, np.arange(800), seed=1)
    assert fitted.format == format


def test_a_parameter_that_is_given_survives_the_copy(data: Dataset) -> None:
    assert nf.on(Shallow(num_leaves=5, min_child_samples=9)).candidate.get_params()["min_child_samples"] == 9


def test_an_inherited_log_link_is_a_log_link() -> None:
    class Counts(PoissonRegressor):
        """Only another name."""

    x: Floats = np.random.default_rng(0).normal(size=(200, 2))
    model = Counts().fit(x, np.round(np.exp(x[:, 0])))
    assert export("own", model, x, "regression", 1, [])[0] == "linear"


@pytest.mark.parametrize("base", [lightgbm.LGBMClassifier, xgboost.XGBClassifier, LogisticRegression])
@pytest.mark.parametrize("method", ["fit", "predict_proba"])
def test_a_class_that_fits_or_answers_by_itself_is_refused_by_name(data: Dataset, base: type, method: str) -> None:
    own = type("Clipped", (base,), {method: lambda self, *given: self})
    with pytest.raises(DataError, match=f"cannot be exported: Clipped has a {method} of its own") as error:
        fit_recipe("own", own(), {}, data, np.arange(800), seed=1)
    assert "change parameters only" in error.value.hint


def test_a_class_that_cannot_be_made_again_from_its_parameters_is_refused_at_once() -> None:
    class Fixed(lightgbm.LGBMClassifier):
        def __init__(self, **parameters: Any) -> None:
            super().__init__(n_estimators=20, **parameters)

    with pytest.raises(DeclarationError, match="Fixed cannot be made again from its parameters"):
        nf.on(Fixed())
