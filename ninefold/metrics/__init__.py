"""Metrics: definitions that give one number everywhere: training, production, slices."""

from ninefold.metrics.metric import Custom, Metric, MetricRef, metric, ref

__all__ = ["Custom", "Metric", "MetricRef", "metric", "ref"]
