"""Logs some runs, experiments, models and versions, then asks for them in many ways. Prints, for each question, the names found.

It is run twice: with a server of ours as the tracking URI, and with the client's own store. Both have to find the same.
"""

import json
import math
import sys

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

RUNS = [
    # name, start, status, params, tags, metrics, end
    ("alpha", 1000, "FINISHED", {"lr": "0.1", "kind": "Trees"}, {"team": "north", "note": "it's 50%"}, {"auc": 0.7, "loss": 1.0}, 5000),
    ("beta", 2000, "FAILED", {"lr": "0.2", "kind": "trees"}, {"team": "south", "note": 'say "hi"'}, {"auc": 0.9}, 4000),
    ("gamma", 3000, "RUNNING", {"lr": "0.10"}, {"team": "north", "a.b/c": "x_y"}, {"auc": math.nan, "loss": 2.0}, None),
    ("delta", 3001, "KILLED", {"kind": "TREES_2"}, {"my tag": "x"}, {"auc": -1.5, "my metric": 3.0}, 6000),
    ("epsilon", 4000, "FINISHED", {}, {}, {"loss": math.nan}, 9000),
    ("zeta", 5000, "SCHEDULED", {"lr": "a\\b", "kind": "äpfel"}, {"team": "NORTH"}, {"auc": 0.7, "loss": 0.0}, None),
    ("50% off", 6000, "FINISHED", {"lr": "*"}, {"team": "[n]orth"}, {"auc": 1e300}, 7000),
]
FILTERS = r"""
metrics.auc > 0.7
metrics.auc >= 0.7
metrics.auc = 0.7
metrics.auc != 0.7
metric.auc < 0.7
metrics.auc <= -1.5
metrics.loss < 1e9
metrics.`my metric` = 3
metrics."my metric" > 2.5
params.lr = '0.1'
params.lr != '0.1'
param.lr = "0.2"
parameters.lr LIKE '0.1%'
params.kind LIKE 'trees'
params.kind ILIKE 'trees%'
params.kind like 'TREES_2'
params.kind LIKE '%e_s'
params.lr LIKE '%*%'
params.lr LIKE 'a\b'
params.lr IS NULL
params.lr IS NOT NULL
params.lr is not null AND metrics.auc > 0
params.kind LIKE 'ä%'
tags.team = 'north'
tag.team != 'north'
tags.team LIKE '[n]%'
tags.team ILIKE 'NORTH'
tags.note = "it's 50%"
tags.note LIKE '%50!%%'
tags.note LIKE '%"%'
tags.`a.b/c` = 'x_y'
tags.`my tag` = 'x'
tags."my tag" IS NULL
tags.`my tag` IS NOT NULL
tags.mlflow.runName = 'beta'
tags.`mlflow.runName` LIKE '%a'
attributes.run_name = 'alpha'
run_name LIKE '%eta'
attr.run_name ILIKE 'GAM%'
run.run_name != 'alpha'
attributes."Run Name" = "beta"
run_name LIKE '50\% off'
run_name LIKE '50% off'
run_name = '50% off'
status = 'FINISHED'
attributes.status != 'FINISHED'
status LIKE 'F%'
status ILIKE 'f%'
status = 'finished'
attributes.start_time > 3000
start_time >= 3000
attributes.start_time = 3000
start_time != 3000
created < 3000
attributes.Created <= 3000
end_time > 4000
attributes.end_time != 4000
end_time <= 6000.5
start_time > 2999.5
user_id = 'ada'
user_id != 'ada'
artifact_uri LIKE '%artifacts'
artifact_uri = 'x'
metrics.auc > 0.5 AND params.lr = '0.1' and tags.team = 'north'
datasets.name = 'data1'
datasets.name LIKE 'data%'
dataset.digest = 'd2'
datasets.context = 'training'
datasets.name IN ('data1', 'none')
dataset.context ILIKE 'TEST'
datasets.context != 'training'
metrics.auc > 0.7 AND metrics.auc < 1
tags.nothing = 'x'
metrics.nothing != 1
""".splitlines()
WRONG = r"""metrics.auc > 'x'
params.lr = 0.1
metrics.auc LIKE '1'
params.lr > '1'
nothing.x = 'y'
attributes.nothing = 'x'
tags.team = north
metrics.auc > 1 OR metrics.auc < 0
metrics.auc >
(metrics.auc > 1)
run_id IN ()
run_id IN 'x'
start_time = 'x'
metrics.auc IS NULL
status = 1
tags.team = 'a' AND
datasets.nothing = 'x'
""".splitlines()
ORDERS = [
    ["metrics.auc"], ["metrics.auc DESC"], ["metrics.auc ASC", "params.lr DESC"], ["params.lr"], ["params.lr desc"], ["tags.team DESC"],
    ["attributes.start_time"], ["start_time DESC"], ["end_time"], ["attributes.end_time DESC"], ["run_name"], ["metrics.loss", "metrics.auc DESC"],
    ["metrics.`my metric` DESC"], ["attributes.created asc"], ["status", "start_time"],
]  # fmt: skip
WRONG_ORDERS = [["metrics.auc", "metrics.auc DESC"], ["nothing"], ["metrics.auc UP"], ["attributes.nothing"], ["metrics.auc DESC x"]]
EXPERIMENTS = r"""
name = 'one'
name LIKE 'O%'
name ILIKE 'O%'
name != 'one'
tags.team = 'a'
tags.team IS NULL
tag.team LIKE 'a%'
experiment_id = '1'
attribute.name LIKE 't%'
experiment_id IN ('1', '2')
experiment_id NOT IN ('1')
creation_time > 0
last_update_time >= 0 AND name = 'two'
""".splitlines()
EXPERIMENT_ORDERS = [["name"], ["name DESC"], ["experiment_id"], ["experiment_id DESC"]]
MODELS = r"""
name = 'm1'
name LIKE 'm%'
name ILIKE 'M%'
name != 'm1'
tags.kind = 'a'
tags.`kind` LIKE 'a%'
name IN ('m1', 'm3')
name LIKE '%_1'
""".splitlines()
MODEL_ORDERS = [["name"], ["name DESC"], ["name ASC"]]
VERSIONS = r"""
name = 'm1'
version_number > 1
version_number = 1 AND name = 'm2'
source_path LIKE '%s3%'
tags.kind = 'b'
name LIKE 'm%'
run_id = 'nobody'
""".splitlines()
VERSION_ORDERS = [["name", "version_number DESC"], ["version_number"], ["name DESC"]]


def asked(ask):
    try:
        return ask()
    except MlflowException as error:
        return error.error_code


def paged(search, show, **how):
    found, token = [], None
    while True:
        page = search(max_results=2, page_token=token, **how)
        found += [show(each) for each in page]
        token = page.token
        if not token:
            return found


def log(client):
    one = client.create_experiment("one", tags={"team": "a"})
    client.create_experiment("two", tags={"team": "ab"})
    for name, start, status, params, tags, metrics, end in RUNS:
        run = client.create_run(one, start_time=start, run_name=name, tags={**tags, "mlflow.user": "ada" if start < 4000 else "bo"}).info.run_id
        for key, value in params.items():
            client.log_param(run, key, value)
        for key, value in metrics.items():
            client.log_metric(run, key, value, timestamp=start, step=1)
            client.log_metric(run, key, 77.0, timestamp=start, step=0)
        if name in {"alpha", "beta"}:
            data = mlflow.entities.Dataset(name=f"data{len(name) % 4 + 0}", digest=f"d{len(name) % 3}", source_type="local", source="x")
            tag = mlflow.entities.InputTag("mlflow.data.context", "training" if name == "alpha" else "test")
            client.log_inputs(run, [mlflow.entities.DatasetInput(data, [tag])])
        if end or status == "SCHEDULED":
            client.update_run(run, status=status) if end is None else client.set_terminated(run, status=status, end_time=end)
    for name, tag in (("m1", "a"), ("m2", "ab"), ("m3", "")):
        client.create_registered_model(name, tags={"kind": tag} if tag else None)
    for name, source in (("m1", "s3://x/1"), ("m1", "s3://x/2"), ("m2", "file-of-s3"), ("m2", "s3://x/2")):
        client.create_model_version(name, source if "://" in source else "s3://y/" + source, tags={"kind": "b"} if name == "m2" else None)
    return one


def main(uri):
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient(uri, uri)
    one = log(client)
    name = lambda run: run.info.run_name  # noqa: E731
    found = {}
    for text in FILTERS + WRONG:
        found[f"runs {text}"] = asked(lambda text=text: paged(client.search_runs, name, experiment_ids=[one], filter_string=text))
    for order in ORDERS + WRONG_ORDERS:
        found[f"runs by {order}"] = asked(lambda order=order: paged(client.search_runs, name, experiment_ids=[one], order_by=order))
    first = client.search_runs([one], "run_name = 'alpha'")[0].info.run_id
    for sign in ("IN", "NOT IN"):
        found[f"runs {sign}"] = paged(client.search_runs, name, experiment_ids=[one], filter_string=f"attributes.run_id {sign} ('{first}', 'x')")
    plain = lambda each: each.name  # noqa: E731
    for text in EXPERIMENTS:
        found[f"experiments {text}"] = asked(lambda text=text: sorted(paged(client.search_experiments, plain, filter_string=text)))
    for order in EXPERIMENT_ORDERS:
        found[f"experiments by {order}"] = paged(client.search_experiments, plain, order_by=order)
    for text in MODELS:
        found[f"models {text}"] = asked(lambda text=text: paged(client.search_registered_models, plain, filter_string=text))
    for order in MODEL_ORDERS:
        found[f"models by {order}"] = paged(client.search_registered_models, plain, order_by=order)
    numbered = lambda each: f"{each.name}/{each.version}"  # noqa: E731
    for text in VERSIONS:
        order = ["name", "version_number DESC"]
        found[f"versions {text}"] = asked(
            lambda text=text, order=order: paged(client.search_model_versions, numbered, filter_string=text, order_by=order)
        )
    for order in VERSION_ORDERS:
        found[f"versions by {order}"] = paged(client.search_model_versions, numbered, filter_string="name LIKE 'm%'", order_by=order)
    print(json.dumps(found))


main(sys.argv[1])
