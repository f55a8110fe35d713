"""Criteria as data: what a policy keeps, so that evidence can be judged by the policy that was in force, whatever the file says now."""

from dataclasses import replace
from typing import Any

from ninefold.errors import CorruptError
from ninefold.metrics.metric import Metric, MetricRef
from ninefold.problems.criterion import Baseline, Criterion
from ninefold.things import frozen_mapping


def stored(criterion: Criterion) -> dict[str, Any]:
    """A criterion as JSON.

    >>> import ninefold as nf
    >>> stored(nf.roc_auc >= 0.7)["limit"], stored(nf.cost(false_alarm=1, miss=5) <= 0.9 * nf.baseline)["limit"]
    (0.7, {'baseline': 0.9})
    """
    metric = criterion.metric
    if isinstance(metric, Metric):
        of = {"name": metric.name, "params": dict(metric.params), "by": list(metric.by), "at_least": metric.at_least, "statistic": metric.statistic}
    else:
        of = {"ref": str(metric)}
    limit = {"baseline": criterion.limit.factor} if isinstance(criterion.limit, Baseline) else criterion.limit
    return {"metric": of, "op": criterion.op, "limit": limit}


def restored(kept: dict[str, Any]) -> Criterion:
    """The criterion of such JSON. Raises CorruptError for a metric that does not exist.

    >>> import ninefold as nf
    >>> str(restored(stored(nf.recall(by="carrier", at_least=100).gap <= 0.5)))
    "recall(by='carrier', at_least=100).gap <= 0.5"
    """
    of, limit = kept["metric"], kept["limit"]
    metric: Any = MetricRef(of["ref"]) if "ref" in of else _metric(of)
    return Criterion(metric, kept["op"], Baseline(limit["baseline"]) if isinstance(limit, dict) else limit)


def _metric(of: dict[str, Any]) -> Metric:
    from ninefold.metrics import builtin

    found = getattr(builtin, of["name"], None)
    if not isinstance(found, Metric):
        raise CorruptError(f'a policy names the metric "{of["name"]}", which does not exist')
    return replace(found, params=frozen_mapping(of["params"]), by=tuple(of["by"]), at_least=of["at_least"], statistic=of["statistic"])
