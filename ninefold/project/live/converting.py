"""Converting a pickled model where its user trusts it: read in a program of its own, compared on rows, registered as a new version."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from ninefold.errors import DataError, NotFoundError, UsageError
from ninefold.models.registry import RegisteredVersion, Registry
from ninefold.models.registry.address import address
from ninefold.models.registry.portable.described import FILE, LARGEST, pickled
from ninefold.models.registry.portable.unpickling import Compared, Job
from ninefold.project.home import Home
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import ROOT, Experiments
from ninefold.runs.records import Runs

SECONDS = 600


def convert(
    home: Home, what: str, *, trust: bool, name: str | None = None, to: str = "", rows: Path | None = None
) -> tuple[RegisteredVersion, Compared]:
    """Convert ``models:/churn/3``, ``runs:/RUN/model`` or a folder; the new version of ``name`` (default: the same model), and what was compared.

    This runs the code that is in the pickle: UsageError unless it is to be trusted. DataError where the converted model would answer otherwise.
    """
    registry, files = Registry(home.ledger, home.project), Files(home.ledger, home.blobs, home.project)
    with _fetched(home, registry, files, what) as (folder, of):
        to_name = name or (of.name if of is not None else None)
        if to_name is None:
            raise UsageError("the converted model needs a name to be registered under", hint="--name churn")
        file, inputs = pickled((folder / FILE).read_bytes())
        if not (folder / file).is_file():
            raise DataError("the model has no such file", where=f"{what}/{file}")
        if not trust:
            raise UsageError(f"reading {what} runs the code that is in it, as you, on this machine", hint="add --trust if you know who made it")
        work = folder.parent
        (work / "job.json").write_bytes(msgspec.json.encode(Job(f"saved/{file}", inputs, to, _rows(rows, folder))))
        compared = _in_a_child(work, what)
        runs = Runs(home.ledger, home.blobs, home.project)
        experiment = Experiments(home.ledger, home.project).default().id
        tags = {"converted_from": what}
        run = runs.begin(home.project, experiment, name=f"convert {to_name}", source=what, tags=tags)
        for path in (work / "converted").iterdir():
            files.put(f"{run.root.removeprefix(ROOT)}/model/{path.name}", path)
        runs.log(run.id, {"worst_difference": compared.worst, "rows": float(compared.rows)})
        runs.end(run.id)
    try:
        registry.get(to_name)
    except NotFoundError:
        registry.create(to_name)
    return registry.register(to_name, f"runs:/{run.id}/model", run.id, tags=tags), compared


@contextmanager
def _fetched(home: Home, registry: Registry, files: Files, what: str) -> Iterator[tuple[Path, RegisteredVersion | None]]:
    """The files of a model in a folder of their own, which only this user can read."""
    with tempfile.TemporaryDirectory(prefix="ninefold-") as made:
        folder = Path(made) / "saved"
        folder.mkdir()
        of: RegisteredVersion | None = None
        if what.startswith("models:"):
            where = address(what)
            of = registry.by_alias(where.name, where.alias) if where.alias else registry.version(where.name, where.version or 0)
            _copy(files, of.root, folder)
        elif what.startswith("runs:/"):
            run, _, path = what.removeprefix("runs:/").partition("/")
            _copy(files, f"{Runs(home.ledger, home.blobs, home.project).get(run).root}/{path}", folder)
        elif Path(what).is_dir():
            shutil.copytree(what, folder, dirs_exist_ok=True, symlinks=True)
        else:
            raise UsageError(f'"{what}" is no folder', hint="give models:/NAME/3, runs:/RUN/model, or the folder of a saved model")
        if not (folder / FILE).is_file() or (folder / FILE).stat().st_size > LARGEST:
            raise DataError("there is no saved model", where=f"{what}/{FILE}", hint="give the folder that holds the file MLmodel")
        yield folder, of


def _copy(files: Files, root: str, folder: Path) -> None:
    if not root.startswith(ROOT):
        raise DataError("the files do not lie in this home", where=root[:200], hint="fetch them, and convert the folder")
    begins = root.removeprefix(ROOT).strip("/")
    for file in files.all(begins):
        to = folder / file.path.removeprefix(f"{begins}/")
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("wb") as out:
            out.writelines(files.open(file.path))


def _rows(given: Path | None, folder: Path) -> dict[str, list[Any]] | None:
    """Rows to compare on: those that were given, else the example that was logged with the model."""
    if given is not None:
        return _read(given)
    example = folder / "serving_input_example.json"
    if not example.is_file():
        return None
    try:
        split = msgspec.json.decode(example.read_bytes(), type=dict[str, Any])["dataframe_split"]
        return {column: [row[i] for row in split["data"]] for i, column in enumerate(split["columns"])}
    except (msgspec.DecodeError, KeyError, TypeError, IndexError):
        return None  # an example of another kind: rows are made up instead


def _read(given: Path) -> dict[str, list[Any]]:
    """The rows of a file. UsageError where there is no such file, DataError where no rows are in it."""
    import polars as pl

    hint = "give a CSV, JSON, JSON lines or Parquet file"
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": pl.read_csv, ".parquet": pl.read_parquet, ".json": pl.read_json, ".jsonl": pl.read_ndjson, ".ndjson": pl.read_ndjson,
    }  # fmt: skip
    if not given.is_file():
        raise UsageError(f"there is no file {given}", hint=hint)
    if given.suffix not in readers:
        raise UsageError(f"no rows can be read from {given}", hint=hint)
    try:
        frame = readers[given.suffix](given)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        why = "it is empty" if given.stat().st_size == 0 else f"it cannot be read ({str(error).partition(chr(10))[0][:200]})"
        raise DataError(why, where=str(given), hint=hint) from None
    if not frame.height:
        raise DataError("it has no rows", where=str(given), hint="give the model at least one row to answer")
    return frame.to_dict(as_series=False)


def _in_a_child(folder: Path, what: str) -> Compared:
    command = [sys.executable, "-m", "ninefold.models.registry.portable.unpickling", str(folder)]
    try:
        # our own interpreter and module; what the pickle does in it was trusted by who asked
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, env=dict(os.environ))  # noqa: S603
    except subprocess.TimeoutExpired:
        raise DataError(f"converting {what} took more than {SECONDS} s") from None
    if done.returncode == 0:
        return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Compared)
    last = (done.stderr.strip().splitlines() or [b""])[-1]
    try:
        message, hint = msgspec.json.decode(last, type=tuple[str, str])
    except msgspec.DecodeError:
        raise DataError(f"converting {what} failed: {last.decode('utf-8', 'replace')[:300] or f'it ended with {done.returncode}'}") from None
    raise DataError(message, where=what, hint=hint)
