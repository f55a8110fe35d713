"""Features: inputs of one entity, computed from what was known at a moment."""

from ninefold.features.aggregate import Aggregate, any_, count, distinct, first, last, max_, mean, min_, quantile, std, sum_
from ninefold.features.features import Features

__all__ = ["Aggregate", "Features", "any_", "count", "distinct", "first", "last", "max_", "mean", "min_", "quantile", "std", "sum_"]
