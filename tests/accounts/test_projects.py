"""Nothing of one project is read or changed by a member of another, whatever ids they know: over every route of the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from asking import Client, Got, bearer, member

from ninefold import ledger as ledgers
from ninefold.accounts import ROLES, Accounts
from ninefold.ledger import Ledger
from ninefold.project.home import Home
from ninefold.web.route import Route

CANARY = "canary7731"
API = "/api/2.0/mlflow/"
_SKIPPED = {"facts", "attempts", "sessions", "tree", "checkpoints", "signers", "meta", "users", "grants", "tokens", "requests"}


@pytest.fixture
def known(client: Client, people: Accounts, home: Home) -> dict[str, str]:
    """What is in the project alpha, by the names that routes give to such ids; every name and value has the canary in it."""
    alice = member(people, "alice", "scientist", "alpha")

    def post(path: str, body: Any, method: str = "POST") -> Any:
        got = client(method, path, body, **alice)
        assert got.status == 200, (path, got.text)
        return got.json

    for n in range(3):  # beta has fewer, so that the number of this one is nobody's there
        experiment = post(API + "experiments/create", {"name": f"{CANARY}-experiment-{n}"})["experiment_id"]
    post(API + "experiments/set-experiment-tag", {"experiment_id": experiment, "key": "k1", "value": CANARY})
    run = post(API + "runs/create", {"experiment_id": experiment, "run_name": f"{CANARY}-run"})["run"]["info"]["run_id"]
    post(API + "runs/log-batch", {
        "run_id": run,
        "params": [{"key": "k1", "value": CANARY}],
        "tags": [{"key": "k1", "value": CANARY}],
        "metrics": [{"key": f"{CANARY}-metric", "value": 0.77317731, "timestamp": 1, "step": 1}],
    })  # fmt: skip
    path = f"{experiment}/{run}/artifacts/k1.txt"
    put = client("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", f"{CANARY} content".encode(), content_type="text/plain", **alice)
    assert put.status == 200, put.text
    logged = post(API + "logged-models", {"experiment_id": experiment, "name": f"{CANARY}-logged", "source_run_id": run})
    model = logged["model"]["info"]["model_id"]
    name = f"{CANARY}-registered"
    post(API + "registered-models/create", {"name": name, "description": CANARY})
    post(API + "model-versions/create", {"name": name, "source": f"runs:/{run}/model", "run_id": run})
    post(API + "registered-models/alias", {"name": name, "alias": "k1", "version": "1"})
    fact = home.ledger.record("note.taken", f"alpha/note/{CANARY}", {"says": CANARY})
    now = {"project": "alpha", "title": CANARY, "opened": 1, "closed": None}
    item = {**now, "id": "0000-item-1", "waits_for": CANARY, "state": "open", "subject": f"alpha/note/{CANARY}", "body": "{}"}
    incident = {**now, "id": "0000-incident-1", "monitor": CANARY, "state": "open", "severity": "high", "body": "{}"}
    home.ledger.write(lambda tx: (tx.add("items", [item]), tx.add("incidents", [incident])))
    names = {
        **dict.fromkeys(("run_id", "run_uuid", "source_run_id", "run_ids"), run),
        **dict.fromkeys(("experiment_id", "experiment_ids"), experiment),
        **dict.fromkeys(("model_id", "id", "model_ids"), model),
    }
    of_models = {"name": name, "version": "1", "alias": "k1", "key": "k1"}
    of_pages = {"seq": str(fact.seq), "item": item["id"], "incident": incident["id"], "table": f"{CANARY}-table"}
    return {**names, **of_models, **of_pages, "path": path, "metric_key": f"{CANARY}-metric", "experiment_name": f"{CANARY}-experiment-2"}


def paths(route: Route, known: dict[str, str]) -> list[str]:
    """The paths of a route with the ids of alpha in every place."""
    found = [route.path]
    for name in route.params:
        ids = {known.get(name, known["name"]), *(known[k] for k in ("run_id", "model_id", "name", "item", "incident", "table", "seq"))}
        ids = {known["path"]} if name == "path" else ids
        found = [re.sub(r"\{" + name + r"(:path)?\}", quote(i), one, count=1) for one in found for i in sorted(ids)]
    return found


def body_of(route: Route, known: dict[str, str]) -> Any:
    """A body whose fields name what is alpha's."""
    try:
        fields = msgspec.structs.fields(route.body)
    except TypeError:
        return {}
    made: dict[str, Any] = {}
    for field in fields:
        name = field.encode_name
        if name in known:
            made[name] = [known[name]] if name.endswith("_ids") else known[name]
        elif name in {"value", "new_name", "description", "run_name", "status", "stage", "source", "user_id"}:
            made[name] = {"status": "FINISHED", "stage": "Production", "source": f"runs:/{known['run_id']}/model"}.get(name, "changed")
        elif name in {"params", "tags"}:
            made[name] = [{"key": "added", "value": "changed"}]
    return made


def queries(known: dict[str, str]) -> list[str]:
    """Queries that name what is alpha's: one for each kind of thing that is asked for by a name."""
    base = {k: known[k] for k in ("run_id", "run_uuid", "experiment_id", "model_id", "metric_key", "version", "alias", "key")}
    many = [("run_ids", known["run_id"]), ("experiment_ids", known["experiment_id"])]
    return [
        urlencode([*base.items(), ("name", known["name"]), ("path", "k1.txt"), *many]),
        urlencode([("experiment_name", known["experiment_name"]), ("name", known["name"]), ("path", known["path"])]),
    ]


def state(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables in which projects keep things."""
    schema = Path(ledgers.__file__).with_name("schema.sql").read_text()
    tables = [t for t in re.findall(r"^create table (\w+)", schema, re.MULTILINE) if t not in _SKIPPED and t != "alembic_version"]
    return {t: [r for row in ledger.all(f"select * from {t}") if "beta" not in (r := tuple(row))] for t in tables}


def shows(got: Got, known: dict[str, str], path: str) -> bool:
    """Whether an answer has something of alpha in it that was not in the question."""
    told = got.text
    for given in sorted((v for v in {*known.values(), path} if CANARY in v), key=len, reverse=True):
        told = told.replace(given, "").replace(quote(given, safe=""), "")
    return CANARY in told or "0.77317731" in told


def asked(
    client: Client, known: dict[str, str], project: str, headers: dict[str, str], *, only_reading: bool = False
) -> Iterator[tuple[Route, Got, bool]]:
    """Every route of the server, with the ids of alpha wherever there is room for one."""
    for route in client.app.routes:
        reading = route.method in {"GET", "HEAD"}
        if route.kind == "events" or route.who == "public" or "/3.0/" in route.path or "ajax" in route.path or (only_reading and not reading):
            continue
        for path in paths(route, known):
            for query in queries(known) if reading or route.method == "DELETE" else [""]:
                whole = f"/~{project}{path}" + (f"?{query}" if query else "")
                got = client(route.method, whole, None if reading else body_of(route, known), **headers)
                yield route, got, shows(got, known, path)


def test_the_ids_of_another_project_open_nothing(client: Client, people: Accounts, known: dict[str, str], home: Home) -> None:
    people.people.add("mallory", kind="service")
    for role in ROLES:
        people.grants.give("mallory", role, "beta")
    mallory = bearer(people, "mallory")
    client("POST", "/~beta" + API + "experiments/create", {"name": "e"}, **mallory)
    before = state(home.ledger)
    wrong = [(r.method, r.path, g.status, g.text[:200]) for r, g, shown in asked(client, known, "beta", mallory) if shown or g.status == 500]
    after = state(home.ledger)
    assert wrong == []
    assert {table: rows for table, rows in before.items() if not set(rows) <= set(after[table])} == {}
    # the same questions, asked by one who may, find a lot
    alice = bearer(people, "alice")
    found = {r.path for r, _, shown in asked(client, known, "alpha", alice, only_reading=True) if shown}
    assert len(found) > 20


def test_another_project_is_not_even_named(client: Client, people: Accounts, known: dict[str, str], home: Home) -> None:
    plan = {"digest": "d", "project": CANARY, "body": "{}", "at": 1}
    home.ledger.write(lambda tx: tx.add("plans", [plan, {**plan, "project": "beta"}]))
    viewer = member(people, "vera", "viewer", "beta")
    for path in ("/~beta/", "/~beta/runs", "/~beta/facts", f"/~{CANARY}/", "/~nothing/", "/"):
        got = client("GET", path, accept="text/html", **viewer)
        told = got.text.replace(f"/~{CANARY}/", "").replace(f'in "{CANARY}"', "").replace(f"in &#34;{CANARY}&#34;", "")
        assert CANARY not in told, path
        assert got.status == (200 if path.startswith("/~beta") else 403), path


def test_a_project_that_only_clients_log_to_has_pages_for_its_members(client: Client, people: Accounts, known: dict[str, str]) -> None:
    """The ids are of alpha, to which only a client has logged."""
    alice, boris = bearer(people, "alice"), member(people, "boris", "viewer", "alphb")
    assert client("GET", f"/~alpha/runs/{known['run_id']}", **alice).status == 200
    for path in ("runs", f"runs/{known['run_id']}", f"api/runs/{known['run_id']}/detail"):
        assert client("GET", f"/~alpha/{path}", **boris).status in {403, 404}, path
    # his own has nothing yet: neither the nearest name nor the project that is served stands on the page that says so
    got = client("GET", "/~alphb/runs", accept="text/html", **boris)
    assert got.status == 404 and "alpha" not in got.text and 'id="contents"' not in got.text
