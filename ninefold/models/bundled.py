"""A version that exists already as a candidate: it is asked, never fitted again."""

from pathlib import Path

from ninefold.bundles.load import load
from ninefold.bundles.manifest import MANIFEST, model_file
from ninefold.clock import iso
from ninefold.errors import DataError, NotYetError, closest
from ninefold.models.candidate import Existing
from ninefold.models.dataset import Dataset, Rows
from ninefold.models.fit import Fitted


def existing_model(candidate: Existing, data: Dataset) -> Fitted:
    """The model of a bundle's directory.

    Raises NotYetError for other addresses, CorruptError for a changed bundle, DataError where it reads inputs that are not there or
    answers another kind of question.
    """
    folder = _folder(candidate)
    bundle = load(folder)
    if bundle.manifest.kind != data.kind or (data.kind == "multiclass" and bundle.scoring.classes != data.classes):
        raise DataError(f"the bundle answers a {bundle.manifest.kind} problem, this one is {data.kind}", where=str(folder))
    there = [i.name for i in data.inputs]
    for column in bundle.schema:
        if column.name not in there:
            raise DataError(f'the bundle reads the input "{column.name}"', hint=closest(column.name, there), where=str(folder))
    return Fitted(bundle.manifest.format, bundle.files[model_file(bundle.manifest)], bundle.encoder.encoding, bundle.shape)


def learned_before(candidate: Existing, data: Dataset, rows: Rows) -> None:
    """DataError where the version has learned from rows of the time that it would be judged on."""
    until = load(_folder(candidate), trial=False).manifest.about.get("until")
    begins = int(data.q[rows].min())
    if not isinstance(until, int) or until > begins:
        learned = iso(until) if isinstance(until, int) else "an unknown time"
        raise DataError(
            f"the version has learned from rows until {learned}, it would be judged on rows from {iso(begins)} on",
            hint="compare them on newer rows, with a canary",
            where=candidate.uri,
        )


def _folder(candidate: Existing) -> Path:
    folder = Path(candidate.uri.removeprefix("file://"))
    if not (folder / MANIFEST).is_file():
        raise NotYetError(
            f'nf.existing("{candidate.uri}") is not the directory of a bundle, and others cannot compete yet',
            hint='give the directory of a bundle: nf.existing("bundles/3f2a…")',
        )
    return folder
