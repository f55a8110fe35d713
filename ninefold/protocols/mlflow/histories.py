"""Histories of metrics: a page by key, or a sample for a chart, both made in the store."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.protocols.mlflow import shown
from ninefold.protocols.mlflow.endpoint import MLFLOW, Endpoint
from ninefold.protocols.mlflow.errors import INVALID, WireError
from ninefold.protocols.mlflow.runs import Which, known
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, filled, need
from ninefold.runs.points import history, sampled
from ninefold.web.call import Answer, Call

PAGE, RUNS, SAMPLE = 25_000, 100, 2500


class History(Which):
    """A metric of one run."""

    metric_key: str | None = None
    page_token: str | None = None
    max_results: Int64 | None = None


class Bulk(Message):
    """A metric of several runs."""

    run_id: list[str] = msgspec.field(default_factory=list)
    metric_key: str | None = None
    max_results: Int64 | None = None


class Interval(Message):
    """A metric of several runs between two steps."""

    run_ids: list[str] = msgspec.field(default_factory=list)
    metric_key: str | None = None
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 | None = None


def get_history(place: Place, query: History, call: Call) -> Any:
    """All points of a metric of one run, by step; in pages where max_results says how long."""
    run, key = known(place, query.run).id, need(query.metric_key, "metric_key")
    if query.max_results is None and not query.page_token:
        return Answer(_all(place, run, key), type="application/json")
    limit = PAGE if query.max_results is None else query.max_results
    if limit <= 0:
        raise WireError(INVALID, f"Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer.")
    points, token = history(place.ledger, run, key, after=query.page_token or None, limit=min(limit, PAGE))
    return filled(metrics=shown.metrics(points), next_page_token=token)


def get_history_bulk(place: Place, query: Bulk, call: Call) -> dict[str, Any]:
    """The first points of one metric of several runs."""
    runs, key = _runs(place, query.run_id, "run_id"), need(query.metric_key, "metric_key")
    limit = min(PAGE if query.max_results is None else query.max_results, PAGE)
    if limit <= 0:
        raise WireError(INVALID, f"Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer.")
    found: list[dict[str, Any]] = []
    for run in runs:
        points, _ = history(place.ledger, run, key, limit=limit - len(found))
        found += [{**point, "run_id": run} for point in shown.metrics(points)]
        if len(found) >= limit:
            break
    return {"metrics": found}


def get_history_bulk_interval(place: Place, query: Interval, call: Call) -> dict[str, Any]:
    """A sample of one metric of several runs for a chart: evenly over the steps, the first and the last point among them."""
    runs, key = _runs(place, query.run_ids, "run_ids"), need(query.metric_key, "metric_key")
    limit = SAMPLE if query.max_results is None else query.max_results
    if not 1 <= limit <= SAMPLE:
        raise WireError(INVALID, f"max_results must be between 1 and {SAMPLE}.")
    if (query.start_step is None) != (query.end_step is None):
        raise WireError(INVALID, "If either start step or end step are specified, both must be specified.")
    if query.start_step is not None and query.end_step is not None and query.start_step > query.end_step:
        raise WireError(INVALID, f"end_step must be greater than start_step. Found start_step={query.start_step} and end_step={query.end_step}.")
    found = []
    for run in runs:
        # a chart needs its two ends, so one point is two
        points = sampled(place.ledger, run, key, limit=max(limit, 2), start=query.start_step, end=query.end_step)
        found += [{**point, "run_id": run} for point in shown.metrics(points)]
    return filled(metrics=found)


def _runs(place: Place, given: list[str], name: str) -> list[str]:
    """Which of the runs that were asked for are there: a chart of several shows the others."""
    if not given:
        raise WireError(INVALID, f"GetMetricHistoryBulk request must specify at least one {name}.")
    if len(given) > RUNS:
        raise WireError(INVALID, f"GetMetricHistoryBulk request cannot specify more than {RUNS} {name}s. Received {len(given)} {name}s.")
    return [run for run in sorted(set(given)) if _there(place, run)]


def _there(place: Place, run: str) -> bool:
    try:
        place.runs.get(run)
    except NotFoundError:
        return False
    return True


def _all(place: Place, run: str, key: str) -> Iterator[bytes]:
    """A whole history as JSON, page by page: what it needs of memory does not grow with it."""
    points, token = history(place.ledger, run, key, limit=PAGE)
    if not points:
        yield b"{}"
        return
    yield b'{"metrics":['
    while True:
        yield msgspec.json.encode(shown.metrics(points))[1:-1]
        if token is None:
            break
        points, token = history(place.ledger, run, key, after=token, limit=PAGE)
        yield b","
    yield b"]}"


ENDPOINTS = [
    Endpoint("GET", "metrics/get-history", get_history, History),
    Endpoint("GET", "metrics/get-history-bulk", get_history_bulk, Bulk, under=MLFLOW),
    Endpoint("GET", "metrics/get-history-bulk-interval", get_history_bulk_interval, Interval),
]
