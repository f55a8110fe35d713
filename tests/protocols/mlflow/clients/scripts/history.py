"""Leaves a past behind: what an import has to find. Works with releases 2 and 3; the tracker is named by MLFLOW_TRACKING_URI."""

import math

import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression

client = MlflowClient()
mlflow.set_experiment("oak: trees")
client.set_experiment_tag(client.get_experiment_by_name("oak: trees").experiment_id, "team", "ops")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_params({"leaves": 31, "odd": "x: y # \n 'z'"})
    for step in range(50):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    for step, value in enumerate([math.nan, math.inf, -math.inf]):
        mlflow.log_metric("none", value, step=step)
    mlflow.log_metric("deep/er", 1.5)
    mlflow.set_tag("note", "hällo\nworld")
    mlflow.log_text("hi", "notes/hi.txt")
    mlflow.log_input(mlflow.data.from_numpy(np.arange(6).reshape(3, 2), name="numbers"), context="train")
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    mlflow.sklearn.log_model(model, "model", registered_model_name="Oak")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("x", 1)
client.set_registered_model_alias("Oak", "prod", 1)
client.set_model_version_tag("Oak", "1", "k", "v")
client.update_model_version("Oak", "1", "the first")
client.update_registered_model("Oak", "a tree")
mlflow.set_experiment("gone")
with mlflow.start_run() as gone:
    mlflow.log_metric("q", 1)
client.delete_run(gone.info.run_id)
client.delete_experiment(gone.info.experiment_id)
