"""Models of three libraries, logged and registered; what they answer to one row."""

import json

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(0)
rows = pd.DataFrame({"wind speed": random.normal(size=300), "hour": random.integers(0, 24, 300).astype(float)})
late = (rows["wind speed"] + rows["hour"] / 10 > 1).astype(int)
asked = pd.DataFrame({"wind speed": [1.5], "hour": [3.0]})
signature = infer_signature(rows, np.array([0.5]))

booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_leaves": 7, "num_threads": 1}, lightgbm.Dataset(rows, late), 10)
trees = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(rows, late)
linear = LogisticRegression().fit(rows, late)
# the releases name the folder of a model by another parameter
where = "name" if int(mlflow.__version__.split(".")[0]) >= 3 else "artifact_path"
with mlflow.start_run():
    mlflow.lightgbm.log_model(booster, **{where: "a"}, signature=signature, registered_model_name="boosted")
    mlflow.xgboost.log_model(trees, **{where: "b"}, signature=signature, registered_model_name="trees")
    mlflow.sklearn.log_model(linear, **{where: "c"}, signature=signature, registered_model_name="pickled", serialization_format="cloudpickle")
mlflow.MlflowClient().set_registered_model_alias("boosted", "champion", "1")
print(
    json.dumps(
        {
            "boosted": float(booster.predict(asked)[0]),
            "trees": float(trees.predict_proba(asked)[0, 1]),
            "pickled": float(linear.predict_proba(asked)[0, 1]),
        }
    )
)
