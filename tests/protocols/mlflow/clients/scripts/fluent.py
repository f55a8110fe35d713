"""The fluent and the client API: experiments, runs, params, metrics, tags, artifacts, datasets, histories, nested runs, system metrics."""

import json
import math
import os
import pathlib
import sys
import tempfile
import time

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

client = MlflowClient()
experiment = mlflow.set_experiment("fluent")
assert client.get_experiment_by_name("fluent").experiment_id == experiment.experiment_id
assert client.get_experiment_by_name("nobody") is None
assert client.get_experiment("0").name == "Default"
try:
    client.create_experiment("fluent")
except MlflowException as error:
    assert error.error_code == "RESOURCE_ALREADY_EXISTS", error.error_code
else:
    raise AssertionError("the name was taken")

with mlflow.start_run(run_name="outer", tags={"team": "ops"}, description="what it is about") as outer:
    mlflow.log_param("leaves", 31)
    mlflow.log_params({"rate": 0.1, "long": "x" * 5000})
    mlflow.log_metric("loss", 1.5)
    for step in range(20):
        mlflow.log_metrics({"auc": step / 20, "never": math.nan, "most": math.inf, "least": -math.inf}, step=step)
    mlflow.set_tag("k", "v")
    mlflow.set_tags({"a": 1, "b": "2"})
    with mlflow.start_run(nested=True, run_name="inner") as inner:
        mlflow.log_metric("depth", 2)
    mlflow.log_dict({"x": [1, 2]}, "notes/x.json")
    mlflow.log_text("größe", "notes/text.txt")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "empty.bin").touch()
        (pathlib.Path(folder) / "deep").mkdir()
        (pathlib.Path(folder) / "deep" / "a file with spaces.txt").write_text("here")
        mlflow.log_artifacts(folder, "folder")
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    mlflow.log_input(mlflow.data.from_pandas(frame, source="s3://bucket/rows.csv", name="rows", targets="y"), context="training")

run = client.get_run(outer.info.run_id)
assert run.info.status == "FINISHED" and run.info.run_name == "outer" and run.info.end_time >= run.info.start_time
assert run.data.params == {"leaves": "31", "rate": "0.1", "long": "x" * 5000}
metrics = run.data.metrics
assert metrics["auc"] == 0.95 and math.isnan(metrics["never"]) and metrics["most"] == math.inf and metrics["least"] == -math.inf
assert run.data.tags["team"] == "ops" and run.data.tags["a"] == "1" and run.data.tags["mlflow.note.content"] == "what it is about"
assert client.get_run(inner.info.run_id).data.tags["mlflow.parentRunId"] == outer.info.run_id
assert client.get_parent_run(inner.info.run_id).info.run_id == outer.info.run_id
history = client.get_metric_history(outer.info.run_id, "auc")
assert [(m.step, m.value) for m in history] == [(step, step / 20) for step in range(20)]
assert all(math.isnan(m.value) for m in client.get_metric_history(outer.info.run_id, "never"))
dataset = run.inputs.dataset_inputs[0]
assert dataset.dataset.name == "rows" and dataset.tags[0].value == "training"
assert mlflow.data.get_source(run.inputs.dataset_inputs[0].dataset).uri == "s3://bucket/rows.csv"

assert sorted(f.path for f in client.list_artifacts(outer.info.run_id)) == ["folder", "notes"]
listed = {f.path: f.file_size for f in client.list_artifacts(outer.info.run_id, "notes")}
assert listed["notes/text.txt"] == len("größe".encode()) and listed["notes/x.json"] > 0, listed
folder = pathlib.Path(mlflow.artifacts.download_artifacts(run_id=outer.info.run_id, artifact_path="folder"))
assert (folder / "deep" / "a file with spaces.txt").read_text() == "here" and (folder / "empty.bin").read_bytes() == b""
assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/notes/x.json") == {"x": [1, 2]}
assert mlflow.artifacts.load_text(f"runs:/{outer.info.run_id}/notes/text.txt") == "größe"

# the client API, ended and begun again
made = client.create_run(experiment.experiment_id, start_time=1_700_000_000_000, tags={"x": "y"}, run_name="made")
now = int(time.time() * 1000)
for _ in range(2):  # a batch that is sent again is the same batch
    client.log_batch(made.info.run_id, metrics=[Metric(f"m{n}", n, now, n) for n in range(1000)])
    client.log_batch(made.info.run_id, params=[Param(f"p{n}", str(n)) for n in range(100)], tags=[RunTag(f"t{n}", str(n)) for n in range(100)])
found = client.get_run(made.info.run_id)
assert len(found.data.metrics) == 1000 and len(found.data.params) == 100 and found.data.tags["t99"] == "99"
assert len(client.get_metric_history(made.info.run_id, "m7")) == 1
try:
    client.log_param(made.info.run_id, "p1", "another")
except MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error.error_code
else:
    raise AssertionError("a parameter was changed")
client.set_terminated(made.info.run_id, status="KILLED", end_time=now)
assert client.get_run(made.info.run_id).info.status == "KILLED"
with mlflow.start_run(run_id=made.info.run_id):
    mlflow.log_metric("later", 1)
assert client.get_run(made.info.run_id).info.status == "FINISHED"
client.update_run(made.info.run_id, name="renamed")
assert client.get_run(made.info.run_id).data.tags["mlflow.runName"] == "renamed"
client.delete_tag(made.info.run_id, "t1")
client.delete_run(made.info.run_id)
assert client.get_run(made.info.run_id).info.lifecycle_stage == "deleted"
client.restore_run(made.info.run_id)

other = client.create_experiment("other", tags={"k": "v"})
client.rename_experiment(other, "another")
client.set_experiment_tag(other, "k2", "v2")
assert client.get_experiment(other).tags == {"k": "v", "k2": "v2"}
client.delete_experiment(other)
assert client.get_experiment(other).lifecycle_stage == "deleted"
client.restore_experiment(other)

# logged from other threads, and by the machine's own metrics
with mlflow.start_run() as waiting:
    operations = [mlflow.log_metric("queued", n, step=n, synchronous=False) for n in range(200)]
    for operation in operations:
        operation.wait()
assert len(client.get_metric_history(waiting.info.run_id, "queued")) == 200
mlflow.set_system_metrics_sampling_interval(0.2)
mlflow.set_system_metrics_samples_before_logging(1)
with mlflow.start_run(log_system_metrics=True) as watched:
    time.sleep(1.5)
system = [name for name in client.get_run(watched.info.run_id).data.metrics if name.startswith("system/")]
assert "system/cpu_utilization_percentage" in system, system

print(
    json.dumps({"version": mlflow.__version__, "run": outer.info.run_id, "system": len(system), "python": sys.version_info[:2], "pid": os.getpid()})
)
