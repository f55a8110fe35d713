"""Everything of a page of runs, in as many queries for one run as for a hundred."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ninefold.ledger import Ledger, Row
from ninefold.ledger.sqlfile import Statements
from ninefold.runs.inputs import Dataset, DatasetInput, ModelLink
from ninefold.runs.points import IN, Point, chunks, latest
from ninefold.runs.run import Run, missing, run_of

_SQL = Statements(Path(__file__).with_name("many.sql"))
_tags = msgspec.json.Decoder(dict[str, str])


class Detail(msgspec.Struct, frozen=True):
    """A run with what was logged to it: newest metrics, inputs, and logged models that it took in and gave out."""

    run: Run
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: list[Point] = []
    inputs: list[DatasetInput] = []
    models: list[ModelLink] = []


def details(ledger: Ledger, ids: Sequence[str]) -> dict[str, Detail]:
    """Runs by id, in the order of ``ids``; those that are not there are left out."""
    found = {row["id"]: run_of(row) for row in _rows(ledger, "runs", ids)}
    newest = latest(ledger, list(found))
    whole = {id: Detail(found[id], {}, {}, newest[id], [], []) for id in ids if id in found}
    for row in _rows(ledger, "params", list(whole)):
        whole[row["run"]].params[row["key"]] = row["value"]
    for row in _rows(ledger, "tags", list(whole)):
        whole[row["run"]].tags[row["key"]] = row["value"]
    for row in _rows(ledger, "inputs", list(whole)):
        data = Dataset(row["name"], row["digest"], row["kind"], row["source"], row["schema"], row["profile"])
        whole[row["run"]].inputs.append(DatasetInput(data, _tags.decode(row["tags"])))
    for row in _rows(ledger, "models", list(whole)):
        whole[row["run"]].models.append(ModelLink(row["model"], row["way"], row["step"]))
    return whole


def detail(ledger: Ledger, id: str) -> Detail:
    """One run with everything; NotFoundError."""
    found = details(ledger, [id]).get(id)
    if found is None:
        raise missing(id)
    return found


def _rows(ledger: Ledger, name: str, ids: Sequence[str]) -> list[Row]:
    if len(ids) == 1:
        return ledger.all(_SQL[name].replace("$in", "?"), ids[0])
    text = _SQL[name].replace("$in", IN)
    return [row for part in chunks(ids) for row in ledger.all(text, *part)]
