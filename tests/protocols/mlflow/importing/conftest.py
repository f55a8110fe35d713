"""A home to import into, and small pasts written by hand: a folder of files, and databases of two ages."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ninefold.ledger import Ledger
from ninefold.project.home import Home
from ninefold.protocols.mlflow.importing.bring import Import
from ninefold.protocols.mlflow.importing.open import open_source
from ninefold.protocols.mlflow.importing.source import Source
from ninefold.protocols.mlflow.importing.verify import Row, bring
from ninefold.runs.artifacts import Files

RUN = "a" * 32
Bring = Callable[..., tuple[dict[str, Row], Source]]


@pytest.fixture
def ledger(own_home: Home) -> Ledger:
    return own_home.ledger


@pytest.fixture
def files(own_home: Home) -> Files:
    return Files(own_home.ledger, own_home.blobs, "flights")


@pytest.fixture
def brought(files: Files) -> Bring:
    """Imports what an address names; the rows of the comparison by kind, and the source, read to its end."""

    def run(named: object, *, artifacts: Sequence[object] = (), with_files: bool = True, prefix: str = "") -> tuple[dict[str, Row], Source]:
        source = open_source(str(named), artifacts=[str(one) for one in artifacts], with_files=with_files)
        try:
            rows = bring(Import(source, files, prefix=prefix, artifacts=with_files))
        finally:
            source.close()
        return {row.kind: row for row in rows}, source

    return run


def write(folder: Path, **texts: str) -> None:
    """Files by name; ``__`` in a name is a slash, ``_yaml`` at its end the ending."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    """One experiment with one run, one deleted experiment, one registered model, as the store of files writes them."""
    root = tmp_path / "mlruns"
    write(root / "7", meta_yaml=f"artifact_location: {root.as_uri()}/7\nexperiment_id: '7'\nlifecycle_stage: active\nname: 'trees: oak'\n"
          "creation_time: 1000\nlast_update_time: 2000\n", tags__team="ops")  # fmt: skip
    write(
        root / "7" / RUN,
        meta_yaml=f"artifact_uri: {root.as_uri()}/7/{RUN}/artifacts\nend_time: 1700000001000\nexperiment_id: '7'\nlifecycle_stage: active\n"
        f"run_id: {RUN}\nrun_name: first\nstart_time: 1700000000000\nstatus: 3\nuser_id: ada\n",
        params__leaves="31",
        tags__note="long\ntext",
        metrics__loss="1000 0.5 0\n2000 0.25 1\n2000 0.25 1\n",
        metrics__deep__odd="1 nan 0\n2 inf 1\n3 -inf 2\n",
        artifacts__notes__hi="hello",
    )
    write(root / ".trash" / "8", meta_yaml="experiment_id: '8'\nlifecycle_stage: deleted\nname: gone\n")
    write(root / "models" / "Oak", meta_yaml="name: Oak\ndescription: 'a tree'\ncreation_timestamp: 5\nlast_updated_timestamp: 6\n",
          aliases__prod="1", tags__kind="wood")  # fmt: skip
    write(root / "models" / "Oak" / "version-1", meta_yaml=f"name: Oak\nversion: 1\ncurrent_stage: Staging\nrun_id: {RUN}\nstatus: READY\n"
          f"source: {root.as_uri()}/7/{RUN}/artifacts/model\ncreation_timestamp: 5\n", tags__k="v")  # fmt: skip
    return root


_OLD = """
create table experiments (experiment_id integer primary key, name text, artifact_location text, lifecycle_stage text);
create table runs (run_uuid text primary key, name text, user_id text, status text, start_time integer, end_time integer,
    lifecycle_stage text, artifact_uri text, experiment_id integer);
create table metrics (key text, value real, timestamp integer, run_uuid text, step integer, is_nan integer);
create table latest_metrics (key text, value real, timestamp integer, step integer, is_nan integer, run_uuid text);
create table params (key text, value text, run_uuid text);
create table tags (key text, value text, run_uuid text);
insert into experiments values (0, 'Default', '/gone/0', 'active'), (1, 'trees', '/gone/1', 'active');
insert into runs values ('r1', '', 'ada', 'FINISHED', 1000, 2000, 'active', '/gone/1/r1/artifacts', 1),
    ('r2', 'two', 'ada', 'FAILED', 1001, null, 'deleted', '/gone/1/r2/artifacts', 1);
insert into tags values ('mlflow.runName', 'one', 'r1'), ('mlflow.parentRunId', 'r1', 'r2');
insert into params values ('leaves', '31', 'r1');
insert into metrics values ('loss', 0.5, 1000, 'r1', 0, 0), ('loss', 1.7976931348623157e308, 2000, 'r1', 1, 0), ('loss', 0, 3000, 'r1', 2, 1);
insert into latest_metrics values ('loss', 0, 3000, 2, 1, 'r1');
"""


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """A database of an early release 2: no datasets, no logged models, no registry, no times of experiments."""
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(_OLD)
    connection.close()
    return path
