"""What a run read and what it gave out: data by name and digest, logged models."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ninefold.ledger import Ledger, Row, Tx
from ninefold.ledger.sqlfile import Statements
from ninefold.runs import writing

_SQL = Statements(Path(__file__).with_name("inputs.sql"))


class Dataset(msgspec.Struct, frozen=True):
    """Data that a run read: ``source`` says where it came from, ``schema`` and ``profile`` are as the client wrote them."""

    name: str
    digest: str
    kind: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct, frozen=True):
    """Data as an input of one run; tags say what for, such as ``{"context": "training"}``."""

    dataset: Dataset
    tags: Mapping[str, str] = {}


class ModelLink(msgspec.Struct, frozen=True):
    """A logged model that a run took in (``way`` is "in") or gave out ("out") at a step."""

    model: str
    way: str
    step: int = 0


def log_inputs(ledger: Ledger, run: str, datasets: Sequence[DatasetInput], models: Sequence[str] = (), *, project: str | None = None) -> None:
    """Says what a run read, in one transaction; the same again changes nothing.

    NotFoundError for no run, ConflictError for a deleted one.
    """
    ledger.write(lambda tx: add_inputs(tx, run, datasets, models, project=project))


def log_outputs(ledger: Ledger, run: str, models: Sequence[tuple[str, int]], *, project: str | None = None) -> None:
    """Says which logged models a run gave out, and at which step."""
    ledger.write(lambda tx: add_outputs(tx, run, models, project=project))


def add_inputs(tx: Tx, run: str, datasets: Sequence[DatasetInput], models: Sequence[str] = (), *, project: str | None = None) -> None:
    """Like ``log_inputs``, in a transaction of somebody else."""
    row = writing.active(tx, run, project)
    data = [(row["project"], row["experiment"], *_texts(d.dataset)) for d in datasets]
    tx.many(_SQL["set_dataset"], data)
    begin = _count(tx.one(_SQL["places"], run))
    tx.many(
        _SQL["set_input"], [(run, d.dataset.name, d.dataset.digest, begin + n, msgspec.json.encode(d.tags).decode()) for n, d in enumerate(datasets)]
    )
    _link(tx, run, [ModelLink(model, "in") for model in models])


def add_outputs(tx: Tx, run: str, models: Sequence[tuple[str, int]], *, project: str | None = None) -> None:
    """Like ``log_outputs``, in a transaction of somebody else."""
    writing.active(tx, run, project)
    _link(tx, run, [ModelLink(model, "out", step) for model, step in models])


def _link(tx: Tx, run: str, links: Sequence[ModelLink]) -> None:
    begin = _count(tx.one(_SQL["links"], run))
    tx.many(_SQL["set_link"], [(run, link.model, link.way, link.step, begin + n) for n, link in enumerate(links)])


def _count(row: Row | None) -> int:
    assert row is not None
    return int(row[0])


def _texts(dataset: Dataset) -> tuple[str | None, ...]:
    for value in (dataset.name, dataset.digest, dataset.kind, dataset.source, dataset.schema, dataset.profile):
        writing.text(value or "")
    return dataset.name, dataset.digest, dataset.kind, dataset.source, dataset.schema, dataset.profile
