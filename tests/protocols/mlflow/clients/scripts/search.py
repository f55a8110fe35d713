"""Searches: filters, orders and pages of runs, experiments and models."""

import json
import math

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

client = MlflowClient()
experiment = mlflow.set_experiment("search").experiment_id
ids = []
for n in range(25):
    with mlflow.start_run(run_name=f"run-{n:02}", tags={"parity": "even" if n % 2 == 0 else "odd"}) as run:
        mlflow.log_param("depth", n)
        mlflow.log_metrics({"loss": 1 / (n + 1), "odd loss": math.nan if n == 3 else n})
    ids.append(run.info.run_id)


def names(filter_string="", **more):
    return [run.info.run_name for run in client.search_runs([experiment], filter_string, **more)]


assert len(names()) == 25 and names()[0] == "run-24"
assert names("metrics.loss < 0.1 and tags.parity = 'even'", order_by=["metrics.loss ASC"])[:2] == ["run-24", "run-22"]
assert names("metrics.`odd loss` > 22") == ["run-24", "run-23"]
assert names("params.depth = '7'") == ["run-07"]
assert names("attributes.run_name LIKE 'run-1%'", order_by=["attributes.run_name DESC"])[0] == "run-19"
assert names("attributes.status = 'RUNNING'") == []
assert names(f"attributes.run_id IN ('{ids[2]}', '{ids[3]}')", order_by=["params.depth"]) == ["run-02", "run-03"]
assert names("tags.parity != 'odd' and params.depth ILIKE '2%'", order_by=["params.depth DESC"]) == ["run-24", "run-22", "run-20", "run-02"]
assert names(order_by=["metrics.`odd loss` DESC"])[-1] == "run-03"
first = client.search_runs([experiment], max_results=10, order_by=["metrics.loss"])
rest, token = [run.info.run_id for run in first], first.token
while token:
    page = client.search_runs([experiment], max_results=10, order_by=["metrics.loss"], page_token=token)
    rest, token = rest + [run.info.run_id for run in page], page.token
assert rest == ids[::-1], rest
frame = mlflow.search_runs([experiment], "params.depth = '5'")
assert list(frame["metrics.loss"]) == [1 / 6], frame
client.delete_run(ids[0])
assert len(names()) == 24 and len(names(run_view_type=ViewType.ALL)) == 25 and names(run_view_type=ViewType.DELETED_ONLY) == ["run-00"]
for wrong in ("metrics.loss ~ 1", "loss = 1 OR loss = 2", "params.depth > 3", "nothing.x = 'y'", "metrics.loss = 'x"):
    try:
        names(wrong)
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", (wrong, error.error_code)
    else:
        raise AssertionError(wrong)

client.create_experiment("search-tagged", tags={"team": "ops"})
assert [e.name for e in client.search_experiments(filter_string="tags.team = 'ops'")] == ["search-tagged"]
assert [e.name for e in client.search_experiments(filter_string="name LIKE 'search%'", order_by=["name DESC"])] == ["search-tagged", "search"]
print(json.dumps({"runs": len(ids)}))
