"""What a run read and gave out: datasets, logged models."""

from typing import Any

from ninefold.errors import NotFoundError
from ninefold.protocols.mlflow import limits
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import INVALID, WireError, missing
from ninefold.protocols.mlflow.runs import Which, no_run
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, need
from ninefold.runs import inputs
from ninefold.web.call import Call


class InputTag(Message):
    """A tag that says what data are for."""

    key: str | None = None
    value: str | None = None


class Dataset(Message):
    """Data, as their client describes them."""

    name: str | None = None
    digest: str | None = None
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Message):
    """Data as an input."""

    tags: list[InputTag] | None = None
    dataset: Dataset | None = None


class ModelInput(Message):
    """A logged model as an input."""

    model_id: str | None = None


class ModelOutput(ModelInput):
    """A logged model as an output, at a step."""

    step: Int64 | None = None


class LogInputs(Which):
    """What a run reads."""

    datasets: list[DatasetInput] | None = None
    models: list[ModelInput] | None = None


class LogOutputs(Which):
    """What a run gives out."""

    models: list[ModelOutput] | None = None


def log_inputs(place: Place, body: LogInputs, call: Call) -> dict[str, Any]:
    """Say which datasets and models a run reads."""
    given = body.datasets or []
    if len(given) > limits.DATASETS:
        raise WireError(INVALID, f"A request can contain at most {limits.DATASETS} datasets. Got {len(given)}.")
    models = [need(model.model_id, "model_id") for model in body.models or ()]
    try:
        inputs.log_inputs(place.ledger, body.run, [_input(each) for each in given], models, project=place.project)
    except NotFoundError:
        raise no_run(body.run) from None
    return {}


def log_outputs(place: Place, body: LogOutputs, call: Call) -> dict[str, Any]:
    """Say which models a run gives out."""
    if body.models is None:
        raise missing("models")
    models = [(need(model.model_id, "model_id"), model.step or 0) for model in body.models]
    try:
        inputs.log_outputs(place.ledger, body.run, models, project=place.project)
    except NotFoundError:
        raise no_run(body.run) from None
    return {}


def _input(given: DatasetInput) -> inputs.DatasetInput:
    said = given.dataset
    if said is None:
        raise WireError(INVALID, "Dataset cannot be None")
    name = limits.text(need(said.name, "name"), "name", limits.DATASET_NAME)
    digest = limits.text(need(said.digest, "digest"), "digest", limits.DATASET_DIGEST)
    source = limits.text(need(said.source, "source"), "source", limits.DATASET_SOURCE)
    schema = limits.text(said.schema, "schema", limits.DATASET_SCHEMA) if said.schema is not None else None
    profile = limits.text(said.profile, "profile", limits.DATASET_PROFILE) if said.profile is not None else None
    data = inputs.Dataset(name, digest, need(said.source_type, "source_type"), source, schema, profile)
    tags = {
        limits.text(need(tag.key, "key"), "key", limits.INPUT_TAG_KEY): limits.text(need(tag.value, "value"), "value", limits.INPUT_TAG)
        for tag in given.tags or ()
    }
    return inputs.DatasetInput(data, tags)


ENDPOINTS = [
    Endpoint("POST", "runs/log-inputs", log_inputs, LogInputs, WRITES, max_body=64 * 2**20),
    Endpoint("POST", "runs/outputs", log_outputs, LogOutputs, WRITES),
]
