"""A file of several parts, there and back, by the client's own ways."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import mlflow

SIZE = 34 * (1 << 20) + 17

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "large.bin"
    path.write_bytes(os.urandom(1 << 20) * 34 + b"x" * 17)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(path), "deep/down")
        mlflow.log_text("small", "small.txt")
    listed = mlflow.MlflowClient().list_artifacts(run.info.run_id, "deep/down")
    assert [(each.path, each.file_size) for each in listed] == [("deep/down/large.bin", SIZE)], listed
    back = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="deep/down/large.bin", dst_path=folder + "/back"))
    assert hashlib.sha256(back.read_bytes()).hexdigest() == digest
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/small.txt") == "small"
print(json.dumps({"run": run.info.run_id}))
