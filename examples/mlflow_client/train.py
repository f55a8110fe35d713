"""Train, register and load a model with MLflow's own client. Nothing in it knows of ninefold; only the address of the server is set.

With a server that runs (ninefold up): MLFLOW_TRACKING_URI=http://localhost:9009 python train.py
"""

import json

import mlflow
from mlflow import MlflowClient
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

mlflow.set_experiment("tumours")
mlflow.sklearn.autolog()  # parameters, metrics, the data and the model are recorded by the client

rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, labels, truth = train_test_split(rows, target, test_size=0.3, random_state=1)

with mlflow.start_run(run_name="scaled, linear", tags={"owner": "radiology"}) as run:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(train, labels)
    accuracy = model.score(test, truth)
    mlflow.log_metric("accuracy", accuracy)

# the best run of the experiment becomes a version, and the version gets a name that others load it by
best = mlflow.search_runs(experiment_names=["tumours"], order_by=["metrics.accuracy DESC"], max_results=1, output_format="list")[0]
version = mlflow.register_model(f"runs:/{best.info.run_id}/model", "tumours")
MlflowClient().set_registered_model_alias("tumours", "champion", version.version)

loaded = mlflow.pyfunc.load_model("models:/tumours@champion")
same = bool((loaded.predict(test) == model.predict(test)).all())
print(json.dumps({"run": best.info.run_id, "version": str(version.version), "accuracy": accuracy, "same": same}))
