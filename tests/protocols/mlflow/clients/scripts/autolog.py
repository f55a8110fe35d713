"""Autologging of the libraries that are here: what each records is in the run, with its model and its data."""

import json

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

client = MlflowClient()
mlflow.set_experiment("autolog")
seen = np.random.default_rng(1)
table = pd.DataFrame(seen.random((200, 3)), columns=list("abc"))
target = (table["a"] + 0.2 * seen.random(200) > 0.6).astype(int)
rows, held, labels, truth = train_test_split(table, target, random_state=1)
three = int(mlflow.__version__.split(".")[0]) >= 3
done = {}


def recorded(name, run, *, metrics, params, models=1):
    found = client.get_run(run.info.run_id)
    assert found.info.status == "FINISHED", found.info
    for metric in metrics:
        assert metric in found.data.metrics, (name, sorted(found.data.metrics))
    for param in params:
        assert param in found.data.params, (name, sorted(found.data.params))
    if three:
        assert len(found.outputs.model_outputs) >= models, (name, found.outputs)
        model = client.get_logged_model(found.outputs.model_outputs[0].model_id)
        assert model.status == "READY" and model.source_run_id == run.info.run_id, model
    else:
        assert len(json.loads(found.data.tags["mlflow.log-model.history"])) >= models
    assert found.inputs.dataset_inputs, name
    done[name] = {"metrics": len(found.data.metrics), "params": len(found.data.params)}
    return found


mlflow.sklearn.autolog(log_input_examples=True)
with mlflow.start_run() as run:
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    fitted.score(held, truth)
recorded("sklearn", run, metrics=["training_accuracy_score"], params=["standardscaler__with_mean"])
loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
assert (loaded.predict(held) == fitted.predict(held)).all()
with mlflow.start_run() as run:
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=3).fit(rows, labels)
recorded("sklearn search", run, metrics=["best_cv_score"], params=["best_C"])
children = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
assert len(children) == 3, children
mlflow.sklearn.autolog(disable=True)

try:
    import lightgbm
except ImportError:
    pass
else:
    mlflow.lightgbm.autolog()
    with mlflow.start_run() as run:
        data = lightgbm.Dataset(rows, labels)
        settings = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1}
        booster = lightgbm.train(settings, data, num_boost_round=5, valid_sets=[data], valid_names=["train"])
    recorded("lightgbm", run, metrics=["train-binary_logloss"], params=["num_leaves"])
    assert len(client.get_metric_history(run.info.run_id, "train-binary_logloss")) == 5
    loaded = mlflow.lightgbm.load_model(f"runs:/{run.info.run_id}/model")
    assert np.allclose(loaded.predict(held), booster.predict(held))
    mlflow.lightgbm.autolog(disable=True)

try:
    import xgboost
except ImportError:
    pass
else:
    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        matrix = xgboost.DMatrix(rows, labels)
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}, matrix, 5, evals=[(matrix, "train")], verbose_eval=False
        )
    recorded("xgboost", run, metrics=["train-logloss"], params=["max_depth"])
    loaded = mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert np.allclose(loaded.predict(xgboost.DMatrix(held)), booster.predict(xgboost.DMatrix(held)))
    mlflow.xgboost.autolog(disable=True)

print(json.dumps(done))
