"""Models: saved, loaded by every form of URI, registered, with aliases, stages and tags; read by pyfunc."""

import json
import warnings

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

warnings.simplefilter("ignore")
client = MlflowClient()
mlflow.set_experiment("models")
three = int(mlflow.__version__.split(".")[0]) >= 3
rows = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
model = LinearRegression().fit(rows, [1.0, 2.0, 3.0])
place = {"name": "model"} if three else {"artifact_path": "model"}


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


with mlflow.start_run() as run:
    mlflow.log_metric("rmse", 0.1)
    info = mlflow.sklearn.log_model(
        model, **place, signature=infer_signature(rows, model.predict(rows)), input_example=rows, registered_model_name="line"
    )
    own = mlflow.pyfunc.log_model(**({"name": "own"} if three else {"artifact_path": "own"}), python_model=Doubled())
run_id = run.info.run_id
again = mlflow.register_model(info.model_uri, "line", tags={"who": "ops"})
assert (again.name, str(again.version)) == ("line", "2"), again

uris = [
    info.model_uri,
    f"runs:/{run_id}/model",
    "models:/line/1",
    "models:/line/latest",
    f"{run.info.artifact_uri}/model" if not three else "models:/line/2",
]
client.set_registered_model_alias("line", "champion", "2")
uris.append("models:/line@champion")
client.transition_model_version_stage("line", "1", "Production")
uris.append("models:/line/Production")
for uri in uris:
    loaded = mlflow.pyfunc.load_model(uri)
    assert np.allclose(loaded.predict(rows), model.predict(rows)), uri
    assert loaded.metadata.signature is not None, uri
assert list(mlflow.pyfunc.load_model(own.model_uri).predict(rows)["a"]) == [2.0, 4.0, 6.0]
assert isinstance(mlflow.sklearn.load_model("models:/line/1"), LinearRegression)
assert mlflow.models.get_model_info("models:/line/1").flavors["sklearn"]

client.update_registered_model("line", description="a line")
client.set_registered_model_tag("line", "k", "v")
client.update_model_version("line", "1", description="the first")
client.set_model_version_tag("line", "1", "k", "v")
found = client.get_registered_model("line")
assert found.description == "a line" and found.tags == {"k": "v"} and found.aliases == {"champion": "2"}, found
version = client.get_model_version("line", "1")
assert version.run_id == run_id and version.current_stage == "Production" and version.tags == {"k": "v"} and version.description == "the first"
assert client.get_model_version_by_alias("line", "champion").version in {"2", 2}
assert [v.version for v in client.get_latest_versions("line", stages=["Production"])] in (["1"], [1])
assert {str(v.version) for v in client.search_model_versions("name = 'line'")} == {"1", "2"}
assert {m.name for m in client.search_registered_models("name LIKE 'li%'")} == {"line"}
assert client.get_model_version_download_uri("line", "1")
client.rename_registered_model("line", "curve")
assert client.get_model_version("curve", "2").aliases == ["champion"]
client.copy_model_version("models:/curve/1", "copied")
assert np.allclose(mlflow.pyfunc.load_model("models:/copied/1").predict(rows), model.predict(rows))
client.delete_registered_model_alias("curve", "champion")
client.delete_model_version_tag("curve", "1", "k")
client.delete_model_version("curve", "1")
for lookup in (lambda: client.get_model_version("curve", "1"), lambda: client.get_registered_model("line")):
    try:
        lookup()
    except MlflowException as error:
        assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error.error_code
    else:
        raise AssertionError("it was there")
client.delete_registered_model("copied")

if three:
    logged = mlflow.get_logged_model(info.model_id)
    assert logged.status == "READY" and logged.source_run_id == run_id
    assert np.allclose(mlflow.pyfunc.load_model(f"models:/{info.model_id}").predict(rows), model.predict(rows))
    with mlflow.start_run() as judged:
        mlflow.log_metric("rmse", 0.2, model_id=info.model_id)
    assert {m.run_id for m in mlflow.get_logged_model(info.model_id).metrics} >= {judged.info.run_id}
    client.set_logged_model_tags(info.model_id, {"k": "v"})
    client.delete_logged_model_tag(info.model_id, "k")
    mlflow.log_model_params({"depth": "3"}, model_id=info.model_id)
    assert mlflow.get_logged_model(info.model_id).params["depth"] == "3"
    best = mlflow.search_logged_models(
        [run.info.experiment_id], filter_string="metrics.rmse < 1", order_by=[{"field_name": "metrics.rmse"}], output_format="list"
    )
    assert info.model_id in {each.model_id for each in best}, best
    made = mlflow.initialize_logged_model(name="pending")
    assert mlflow.get_logged_model(made.model_id).status == "PENDING"
    mlflow.finalize_logged_model(made.model_id, "FAILED")
    client.delete_logged_model(made.model_id)

print(json.dumps({"uris": len(uris), "version": mlflow.__version__}))
