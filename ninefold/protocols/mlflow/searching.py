"""Searches: runs, experiments, logged models, registered models and versions, and the datasets that runs read."""

from typing import Any, TypeVar

import msgspec

from ninefold.models.registry.search import search_models, search_versions
from ninefold.protocols.mlflow import experiments, grammar, logged, shown
from ninefold.protocols.mlflow.endpoint import Endpoint
from ninefold.protocols.mlflow.errors import invalid, missing
from ninefold.protocols.mlflow.grammar import read_filter, read_order
from ninefold.protocols.mlflow.registering import registered
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, experiment, filled
from ninefold.runs.many import details
from ninefold.runs.searching.datasets import search_datasets
from ninefold.runs.searching.experiments import experiment_details, search_experiments
from ninefold.runs.searching.filters import Comparison, Field, Order, State
from ninefold.runs.searching.logged import search_logged
from ninefold.runs.searching.runs import search_runs
from ninefold.web.call import Call

T = TypeVar("T")
_STATES: dict[str | int, State] = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "deleted", "ALL": "all", 1: "active", 2: "deleted", 3: "all"}
_EXPERIMENTS = 5000  # in one search; more than a body has room for with their filter
_DATASETS, _MODELS, _DATA = 20, 1000, 100
_ANY = 2**31 - 1  # a page that a client may ask for where a shorter one is given, and it goes on by the token


class Page(Message):
    """What every search takes."""

    filter: str | None = None
    max_results: Int64 | None = None
    page_token: str | None = None


class Body(Page):
    """A search in a body."""

    order_by: list[str] | None = None


class Query(Page):
    """A search in a query, which has every value of a name."""

    order_by: list[str] = msgspec.field(default_factory=list)


class Runs(Body):
    """A search of runs."""

    experiment_ids: list[str] | None = None
    run_view_type: str | int | None = None


class Experiments(Body):
    """A search of experiments."""

    view_type: str | int | None = None


class ExperimentsQuery(Query):
    """The same in a query."""

    view_type: str | int | None = None


class Dataset(Message):
    """A dataset on which a metric was measured."""

    dataset_name: str | None = None
    dataset_digest: str | None = None


class Term(Dataset):
    """A field to order logged models by."""

    field_name: str | None = None
    ascending: bool | None = None


class Logged(Page):
    """A search of logged models."""

    experiment_ids: list[str] | None = None
    datasets: list[Dataset] | None = None
    order_by: list[Term] | None = None


class Datasets(Message):
    """Whose datasets are asked for."""

    experiment_ids: list[str] | None = None


def runs(place: Place, body: Runs, call: Call) -> dict[str, Any]:
    """Runs of experiments that meet a filter, in an order, page by page."""
    ids, token = search_runs(
        place.ledger,
        place.project,
        _experiments(body.experiment_ids),
        read_filter(body.filter, grammar.RUNS),
        state=_state(body.run_view_type, "run_view_type"),
        order=read_order(body.order_by or (), grammar.RUNS),
        limit=_limit(body.max_results, 1000, 50_000),
        token=body.page_token,
    )
    return filled(runs=[shown.whole(found) for found in details(place.ledger, ids).values()], next_page_token=token)


def find_experiments(place: Place, body: Experiments | ExperimentsQuery, call: Call) -> dict[str, Any]:
    """Experiments that meet a filter, in an order, page by page."""
    place.experiments.default()
    ids, token = search_experiments(
        place.ledger,
        place.project,
        read_filter(body.filter, grammar.EXPERIMENTS),
        state=_state(body.view_type, "view_type"),
        order=read_order(body.order_by or (), grammar.EXPERIMENTS),
        limit=_limit(body.max_results, 1000, 50_000),
        token=body.page_token,
    )
    found = experiment_details(place.ledger, place.project, ids)
    return filled(experiments=[experiments.shown(each, place, tags) for each, tags in found], next_page_token=token)


def logged_models(place: Place, body: Logged, call: Call) -> dict[str, Any]:
    """Logged models of experiments that meet a filter, also by metrics on datasets, page by page."""
    if len(body.datasets or ()) > _DATA:
        raise invalid("datasets", len(body.datasets or ()), f"at most {_DATA} are taken")
    ids, token = search_logged(
        place.ledger,
        place.project,
        _experiments(body.experiment_ids),
        read_filter(body.filter, grammar.LOGGED),
        datasets=[_dataset(data, "datasets") for data in body.datasets or ()],
        order=[_term(term) for term in body.order_by or ()],
        limit=min(_limit(body.max_results or None, 100, _ANY), _MODELS),
        token=body.page_token,
    )
    return filled(models=[logged.shown(found) for found in place.logged.details(ids).values()], next_page_token=token)


def registered_models(place: Place, query: Query, call: Call) -> dict[str, Any]:
    """Registered models that meet a filter, page by page."""
    names, token = search_models(
        place.ledger,
        place.project,
        read_filter(query.filter, grammar.MODELS),
        order=read_order(query.order_by, grammar.MODELS),
        limit=_limit(query.max_results, 100, 1000),
        token=query.page_token,
    )
    return filled(registered_models=[registered.model(found) for found in place.registry.models(names)], next_page_token=token)


def model_versions(place: Place, query: Query, call: Call) -> dict[str, Any]:
    """Versions of registered models that meet a filter, page by page."""
    keys, token = search_versions(
        place.ledger,
        place.project,
        _without_prompts(read_filter(query.filter, grammar.VERSIONS)),
        order=read_order(query.order_by, grammar.VERSIONS),
        limit=min(_limit(query.max_results, 10_000, 200_000), 50_000),
        token=query.page_token,
    )
    return filled(model_versions=[registered.version(found) for found in place.registry.versions(keys)], next_page_token=token)


def datasets(place: Place, body: Datasets, call: Call) -> dict[str, Any]:
    """The datasets that runs of some experiments read, and what for."""
    if len(body.experiment_ids or ()) > _DATASETS:
        raise invalid("experiment_ids", len(body.experiment_ids or ()), f"at most {_DATASETS} are taken")
    found = search_datasets(place.ledger, place.project, _experiments(body.experiment_ids), "mlflow.data.context")
    return filled(
        dataset_summaries=[
            filled(experiment_id=str(each.experiment), name=each.name, digest=each.digest, context=each.context or None) for each in found
        ]
    )


def _without_prompts(filters: list[Comparison]) -> list[Comparison]:
    """Versions that are prompts are found only by who asks for them: clients that know none would take them for models."""
    prompt = Field("tag", grammar.PROMPT)
    if any(comparison.field == prompt for comparison in filters):
        return filters
    return [*filters, Comparison(prompt, "!=", "true", missing=True)]


def _experiments(given: list[str] | None) -> list[int]:
    ids = given or []
    if len(ids) > _EXPERIMENTS:
        raise invalid("experiment_ids", len(ids), f"at most {_EXPERIMENTS} are taken")
    return [experiment(id, "experiment_ids") for id in ids]


def _state(given: str | int | None, name: str) -> State:
    if given is None:
        return "active"
    state = _STATES.get(given)
    if state is None:
        raise invalid(name, given, "it is one of ACTIVE_ONLY, DELETED_ONLY, ALL")
    return state


def _limit(given: int | None, usual: int, most: int) -> int:
    if given is None:
        return usual
    if not 1 <= given <= most:
        raise invalid("max_results", given, f"it must be at least 1 and at most {most}")
    return given


def _dataset(data: Dataset, name: str) -> tuple[str, str]:
    if not data.dataset_name:
        raise missing(f"{name}.dataset_name")
    return data.dataset_name, data.dataset_digest or ""


def _term(term: Term) -> Order:
    if not term.field_name:
        raise missing("order_by.field_name")
    if term.dataset_digest and not term.dataset_name:
        raise missing("order_by.dataset_name")
    kind, dot, key = term.field_name.strip().partition(".")
    if dot and kind == "metrics" and key:
        on = _dataset(term, "order_by") if term.dataset_name else None
        return Order(Field("metric", key.strip("`")), descending=term.ascending is False, on=on)
    attribute = grammar.LOGGED.attributes.get(term.field_name.strip())
    if attribute is None:
        raise invalid("order_by.field_name", term.field_name, f"it is metrics.NAME or one of {', '.join(grammar.LOGGED.attributes)}")
    return Order(Field("attribute", attribute.name), descending=term.ascending is False)


ENDPOINTS = [
    Endpoint("POST", "runs/search", runs, Runs, searches=True),
    Endpoint("POST", "experiments/search", find_experiments, Experiments, searches=True),
    Endpoint("GET", "experiments/search", find_experiments, ExperimentsQuery, searches=True),
    Endpoint("POST", "logged-models/search", logged_models, Logged, searches=True),
    Endpoint("GET", "registered-models/search", registered_models, Query, searches=True),
    Endpoint("GET", "model-versions/search", model_versions, Query, searches=True),
    Endpoint("POST", "experiments/search-datasets", datasets, Datasets, need="nice", searches=True),
]
