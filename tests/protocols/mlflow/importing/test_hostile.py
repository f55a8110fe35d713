"""A source that lies: nothing outside of what was named is read, nothing is run, and what is refused is said."""

import os
import sqlite3
from pathlib import Path

import pytest

from ninefold.errors import DataError, UsageError
from ninefold.ledger import Ledger
from ninefold.protocols.mlflow.importing.meta import read_meta
from ninefold.protocols.mlflow.importing.roots import Roots
from ninefold.runs.artifacts import Files

from .conftest import RUN, Bring, write

OUTSIDE = ["file:///etc", "/etc", "file:///etc/../etc", "../../../../etc", "{root}/../outside", "file://{root}/../outside", "file://{root}%2F..%2Foutside",
           "s3://bucket/x", "http://169.254.169.254/latest", "mlflow-artifacts:/../outside", "mlflow-artifacts://host/..%2Foutside",
           "dbfs:/etc", "\\\\host\\share"]  # fmt: skip


@pytest.mark.parametrize("uri", OUTSIDE)
def test_a_root_that_leads_out_is_not_read(uri: str, tmp_path: Path) -> None:
    root = tmp_path / "named"
    write(tmp_path / "outside", secret="s")
    root.mkdir()
    roots = Roots([str(root)])
    found = roots.files(uri.format(root=root), "1/r/artifacts")
    assert found is None or list(found.names()) == []


@pytest.mark.parametrize("uri", OUTSIDE)
def test_a_run_that_names_a_foreign_root_brings_only_its_own_files(uri: str, brought: Bring, mlruns: Path, tmp_path: Path, files: Files) -> None:
    write(tmp_path / "outside", secret="s")
    meta = mlruns / "7" / RUN / "meta.yaml"
    meta.write_text(meta.read_text().replace(f"{mlruns.as_uri()}/7/{RUN}/artifacts", uri.format(root=mlruns)))
    brought(mlruns)
    assert [file.path.rpartition("artifacts/")[2] for file in files.all("1")] == ["notes/hi"]


@pytest.mark.parametrize("where", ["artifacts/link", "artifacts/notes/link", "params/link", "tags/link", "metrics/link"])
def test_links_are_not_followed(where: str, brought: Bring, mlruns: Path, tmp_path: Path, ledger: Ledger, files: Files) -> None:
    write(tmp_path, secret="top secret 0")
    (mlruns / "7" / RUN / where).symlink_to(tmp_path / "secret")
    _, source = brought(mlruns)
    assert [file.path for file in files.all("1") if "link" in file.path] == []
    assert ledger.all("select 1 from params where value like '%secret%' union select 1 from tags where value like '%secret%'") == []
    assert not where.startswith("artifacts") or [what for what, _ in source.skipped] == [str(mlruns / "7" / RUN / where)]


def test_a_folder_that_is_a_link_is_no_run(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    (mlruns / "7" / ("b" * 32)).symlink_to(mlruns / "7" / RUN)
    brought(mlruns)
    assert len(ledger.all("select 1 from runs")) == 1


def test_a_pipe_among_the_artifacts_does_not_hang(brought: Bring, mlruns: Path) -> None:
    os.mkfifo(mlruns / "7" / RUN / "artifacts" / "pipe")
    _, source = brought(mlruns)
    assert "links and devices" in source.skipped[0].why


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch {proof}']",
        "!!python/name:os.system",
        "name: !!python/object/new:subprocess.Popen [['touch', '{proof}']]",
        "- a list",
        "a: [[1]]",
        "{unclosed: ",
        "a: &a [*a]",
        "[" * 5000,
    ],
)
def test_yaml_is_only_data(text: str, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    write(tmp_path, meta_yaml=text.replace("{proof}", str(proof)))
    with pytest.raises(DataError):
        read_meta(tmp_path / "meta.yaml")
    assert not proof.exists()


def test_a_run_whose_meta_is_broken_is_said_and_the_rest_comes(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    write(mlruns / "7" / ("c" * 32), meta_yaml="!!python/object/apply:os.getcwd []")
    _, source = brought(mlruns)
    assert len(ledger.all("select 1 from runs")) == 1 and "plain YAML" in source.skipped[0].why


def test_a_run_with_a_dataset_that_leads_elsewhere_is_left_out(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    write(mlruns / "7" / RUN / "inputs" / "i", meta_yaml="source_type: DATASET\nsource_id: ../../../etc\ntags: {}\n")
    _, source = brought(mlruns)
    assert "a folder is named" in source.skipped[0].why and ledger.all("select 1 from runs") == []


_META = "run_id: x\nstatus: 3\nlifecycle_stage: active\n"


@pytest.mark.parametrize("time", ["abc", "1e30", "99999999999999999999", ".inf", ".nan", "[1]", "{a: b}"])
def test_a_run_with_a_time_that_is_none_is_left_out_and_the_rest_comes(time: str, brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    write(mlruns / "7" / ("c" * 32), meta_yaml=f"{_META}start_time: {time}\n")
    write(mlruns / "7" / ("d" * 32), meta_yaml=f"{_META}start_time: 1\nend_time: {time}\n")
    _, source = brought(mlruns)
    assert [row["id"] for row in ledger.all("select id from runs")] == [RUN]
    assert [(Path(what).name, "time in milliseconds" in why) for what, why in source.skipped] == [("c" * 32, True), ("d" * 32, True)]


@pytest.mark.parametrize("line", ["1000 0.5 99999999999999999999", "1000 0.5 x", "99999999999999999999 0.5 1", "1000 high 1", "1000"])
def test_a_metric_with_a_line_that_cannot_be_read_is_left_out_until_it_can(line: str, brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    write(mlruns / "7" / RUN, metrics__bad=f"1000 0.5 0\n{line}\n")
    for _ in range(2):  # it is told each time
        rows, source = brought(mlruns)
        assert [row["key"] for row in ledger.all("select key from series where run = ? order by key", RUN)] == ["deep/odd", "loss"]
        assert len(source.skipped) == 1 and line in source.skipped[0].why and "the metric bad" in source.skipped[0].what
        assert rows["metrics"].differ == 1
    write(mlruns / "7" / RUN, metrics__bad="1000 0.5 0\n")
    rows, source = brought(mlruns)
    assert source.skipped == [] and rows["metrics"].differ == 0


@pytest.mark.parametrize("table", ["experiment", "registered model"])
def test_other_things_with_a_time_that_is_none_are_left_out(table: str, brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    where = mlruns / "9" if table == "experiment" else mlruns / "models" / "Elm"
    write(where, meta_yaml="name: elm\ncreation_time: abc\ncreation_timestamp: abc\n")
    _, source = brought(mlruns)
    assert [what for what, _ in source.skipped] == [str(where)] and len(ledger.all("select 1 from runs")) == 1


def test_a_database_with_a_time_and_a_step_that_are_none(brought: Bring, old_database: Path, ledger: Ledger) -> None:
    with sqlite3.connect(old_database) as connection:
        connection.execute("update runs set start_time = 'abc' where run_uuid = 'r2'")
        connection.execute("insert into metrics values ('bad', 0.5, 1000, 'r1', 'x', 0)")
    connection.close()
    _, source = brought(f"sqlite:///{old_database}", with_files=False)
    assert [what for what, _ in source.skipped] == ["the metric bad of the run r1", "the run r2"]
    assert [row["key"] for row in ledger.all("select key from series")] == ["loss"]


def test_an_alias_bomb_costs_nothing(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    write(tmp_path, meta_yaml="\n".join(lines))
    with pytest.raises(DataError):
        read_meta(tmp_path / "meta.yaml")


def test_ids_that_are_no_ids_are_left_out(brought: Bring, mlruns: Path, ledger: Ledger) -> None:
    odd = mlruns / "7" / "not a run;"
    write(odd, meta_yaml="run_id: x\nstatus: 3\nstart_time: 1\nlifecycle_stage: active\n")
    _, source = brought(mlruns)
    assert len(ledger.all("select 1 from runs")) == 1 and "not a run;" in source.skipped[0].what


def test_artifacts_from_what_is_no_store_are_refused() -> None:
    with pytest.raises(UsageError, match="artifacts cannot be read from"):
        Roots(["http://169.254.169.254/"])
