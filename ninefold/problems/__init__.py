"""Problems: the decision to support, its questions, costs, owner and criteria."""

from ninefold.problems.criterion import Baseline, Criterion, baseline
from ninefold.problems.problem import Problem, Refer, Risk, Top, refer, risk, top
from ninefold.problems.target import Ahead, Target, ahead, binary, multiclass, regression

__all__ = [
    "Ahead",
    "Baseline",
    "Criterion",
    "Problem",
    "Refer",
    "Risk",
    "Target",
    "Top",
    "ahead",
    "baseline",
    "binary",
    "multiclass",
    "refer",
    "regression",
    "risk",
    "top",
]
