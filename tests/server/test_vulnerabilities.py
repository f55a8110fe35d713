"""What has gone wrong elsewhere, tried here. The classes that have tests of their own elsewhere are listed in docs/howto/security.md."""

import base64
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hostile import Server, administered

from ninefold import config
from ninefold.errors import NinefoldError
from ninefold.ledger import Ledger
from ninefold.project.home import Home

HERE = Path(__file__).parent
CANARY = "canary-7d1f"
LEADS_OUT = [
    "..", "../secret.txt", "../../secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt", "..%5csecret.txt",
    "....//secret.txt", "..;/secret.txt", "a/../../secret.txt", "#/../secret.txt", "%23/../secret.txt", "a?/../secret.txt", "a%00.txt",
    "%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd", "file:///etc/passwd", "file:%2f%2f%2fetc%2fpasswd", "C:%5cwindows%5cwin.ini", "%c0%ae%c0%ae/x",
    "out/secret.txt", "out%2fsecret.txt", "%EF%BC%8E%EF%BC%8E/secret.txt", "~root", "$(touch pwned)", "`touch pwned`", "; touch pwned",
    "| touch pwned", "a'; drop table runs; --", "{{7*7}}", "${jndi:ldap://127.0.0.1/x}", "a" * 4000, "%ff%fe", "con", "nul.txt",
    ".ninefold/keys/ledger.key",
]  # fmt: skip
URLS = [
    "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "https://127.0.0.1:{port}/x", "http://[::ffff:127.0.0.1]:{port}/", "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/x", "gopher://127.0.0.1:{port}/_x", "s3://bucket/x?endpoint=http://127.0.0.1:{port}", "http://169.254.169.254/latest/",
]  # fmt: skip
FIELDS = re.compile(r"path|uri|url|source|location|root|file|name|key|id|alias|value|experiment")


class Audited(Server):
    """A server whose interpreter tells what no request may bring about."""

    @property
    def seen(self) -> list[str]:
        return (self.folder / "audit.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def audited(collecting_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    home = tmp_path_factory.mktemp("audited")
    folder = Path(shutil.copytree(collecting_project, home / "parcels"))
    (home / "secret.txt").write_text(CANARY)
    (folder / "secret.txt").write_text(CANARY)
    (folder / ".ninefold" / "out").symlink_to(home)
    token = administered(folder)
    server = Audited(folder, {"AUDIT": str(folder / "audit.txt")})
    server.start(program=[str(HERE / "audited.py")])
    server.get = Kept(server.port, token)  # type: ignore[attr-defined]
    yield server
    server.stop()


class Kept:
    """Requests of an administrator over one connection: status and bytes."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.always = {"content-type": "application/json", "authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        told = {**self.always, **{name.replace("_", "-"): value for name, value in headers.items()}}
        for attempt in (0, 1):
            try:
                self.connection.request(method, path, body, told, encode_chunked=False)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if attempt:
                    raise
        raise AssertionError


def operations(server: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of all that both documents name, but for streams without end."""
    for document in ("/api/openapi.json", "/api/openapi/mlflow.json"):
        whole = json.loads(server.get("GET", document)[1])
        for path, methods in whole["paths"].items():
            for method, said in methods.items():
                if "text/event-stream" not in json.dumps(said):
                    yield method.upper(), path, {**said, "components": whole["components"]["schemas"]}


def fields(said: dict[str, Any]) -> list[str]:
    """The fields of an operation's body."""
    schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return list(said["components"].get(schema.get("$ref", "").rpartition("/")[2], {}).get("properties", {}))


def unharmed(server: Any, before: list[str]) -> None:
    """Nothing was unpickled, started, connected to or touched elsewhere since then."""
    assert [line for line in server.seen[len(before) :] if not _known(line)] == []
    assert not list(server.folder.rglob("pwned"))


def _known(line: str) -> bool:
    # time zones and certificates of the system, and names looked up in the project's own folder
    return "zoneinfo" in line or "/usr/share/" in line


# 1, 2: paths, in every parameter of every route, in every field that could be one


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_no_parameter_leads_out(audited: Any) -> None:
    before, told = audited.seen, []
    for method, path, _ in operations(audited):
        for text in LEADS_OUT if "{" in path else ():
            filled = re.sub(r"\{\w+\}", lambda _, text=text: quote(text, safe="%/.;~#?&=:$,'()`|") if "%" in text else quote(text, safe="/.;~"), path)
            status, said = audited.get(method, filled, b"{}" if method in {"POST", "PUT", "PATCH"} else None)
            if (status >= 500 and status != 501) or CANARY.encode() in said or b"root:x:" in said or b"PRIVATE KEY" in said:
                told.append((method, filled, status, said[:200]))
    assert told == []
    unharmed(audited, before)


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_no_field_leads_out_or_elsewhere(audited: Any) -> None:
    before, told = audited.seen, []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connected: list[Any] = []
        threading.Thread(target=lambda: connected.append(listening.accept()), daemon=True).start()
        port = listening.getsockname()[1]
        hostile = [*(text for text in LEADS_OUT if "%" not in text), *(url.format(port=port) for url in URLS)]
        for method, path, said in operations(audited):
            given = {p["name"] for p in said["parameters"] if p["in"] == "query"}
            filled = re.sub(r"\{\w+\}", "0", path)
            for text in hostile:
                body = json.dumps({name: text for name in fields(said) if FIELDS.search(name)}).encode()
                asked = f"{filled}?{'&'.join(f'{name}={quote(text)}' for name in given if FIELDS.search(name))}"
                status, answer = audited.get(method, asked, body if method in {"POST", "PUT", "PATCH"} else None)
                if (status >= 500 and status != 501) or CANARY.encode() in answer or b"root:x:" in answer:
                    told.append((method, asked, body, status, answer[:200]))
        assert connected == []
    assert told == []
    unharmed(audited, before)


def test_files_are_kept_where_they_belong(audited: Any) -> None:
    before = audited.seen
    statuses = set()
    for text in LEADS_OUT:
        place = quote(text, safe="%/.;~") if "%" in text else quote(text, safe="/.;~")
        for prefix in ("/api/2.0/mlflow-artifacts/artifacts/", "/api/2.0/mlflow-artifacts/mpu/create/"):
            method, body = ("PUT", b"x") if prefix.endswith("artifacts/") else ("POST", b'{"path": "a", "num_parts": 1}')
            statuses.add(audited.get(method, prefix + place, body)[0])
        run = json.loads(audited.get("POST", "/api/2.0/mlflow/runs/create", b'{"experiment_id": "0"}')[1])["run"]["info"]["run_id"]
        for asked in (f"/get-artifact?run_id={run}&path={quote(text)}", f"/api/2.0/mlflow/artifacts/list?run_id={run}&path={quote(text)}"):
            status, said = audited.get("GET", asked)
            assert status in {200, 400, 404}
            assert CANARY.encode() not in said
        assert audited.get("DELETE", f"/api/2.0/mlflow-artifacts/artifacts/{place}")[0] in {200, 400, 404, 405}
    assert statuses <= {200, 400, 404, 405}
    assert (audited.folder / "secret.txt").read_text() == CANARY
    unharmed(audited, before)


# 5, 6: pages of other sites

FOREIGN = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "localhost"},  # without the port
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"sec_fetch_site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_every_verb_of_every_route_refuses_pages_of_other_sites(audited: Any, headers: dict[str, str]) -> None:
    let_in = []
    for _, path, _ in operations(audited):
        for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            status, _ = audited.get(verb, re.sub(r"\{\w+\}", "x", path), **headers)
            if status != 403:
                let_in.append((verb, path, status))
    assert let_in == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_a_form_can_send_changes_nothing(audited: Any, kind: str) -> None:
    taken = []
    for method, path, said in operations(audited):
        if method == "GET" or "application/json" not in said.get("requestBody", {}).get("content", {}) or path.startswith("/events/"):
            continue
        status, _ = audited.get(method, re.sub(r"\{\w+\}", "x", path), b'{"name": "x"}', content_type=kind)
        if status != 415:
            taken.append((method, path, status))
    assert taken == []


# 11: nothing that clients send is unpickled, whatever it says it is

PICKLE = b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x05touch\x85R."


def test_a_pickle_stays_bytes(audited: Any) -> None:
    before = audited.seen
    run = json.loads(audited.get("POST", "/api/2.0/mlflow/runs/create", b'{"experiment_id": "0"}')[1])["run"]["info"]
    place = f"/api/2.0/mlflow-artifacts/artifacts/{run['artifact_uri'].partition(':/')[2].lstrip('/')}/model"
    described = b"flavors:\n  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}\n  python_function: {loader_module: os}\n"
    for name, content in {"model.pkl": PICKLE, "MLmodel": described, "x.joblib": PICKLE, "x.npy": b"\x93NUMPY" + PICKLE, "x.onnx": PICKLE}.items():
        assert audited.get("PUT", f"{place}/{name}", content)[0] == 200
        for page in (
            f"/runs/{run['run_id']}",
            f"/get-artifact?run_id={run['run_id']}&path=model/{name}",
            f"/runs/{run['run_id']}/artifacts/model/{name}",
        ):
            assert audited.get("GET", page)[0] in {200, 404}
    audited.get("POST", "/api/2.0/mlflow/registered-models/create", b'{"name": "p"}')
    source = json.dumps({"name": "p", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}).encode()
    assert audited.get("POST", "/api/2.0/mlflow/model-versions/create", source)[0] == 200
    for page in ("/models/p", "/models/p/1", "/api/models/p", "/api/2.0/mlflow/model-versions/get?name=p&version=1"):
        assert audited.get("GET", page)[0] in {200, 404}
    for method, path, _ in operations(audited):
        if method in {"POST", "PUT", "PATCH"}:
            for kind in ("application/octet-stream", "application/x-pickle", "application/json", "application/x-protobuf"):
                assert audited.get(method, re.sub(r"\{\w+\}", "x", path), PICKLE, content_type=kind)[0] < 500
    unharmed(audited, before)


def test_no_unpickler_of_models_is_loaded_by_a_server() -> None:
    program = "import sys; import ninefold.server.app, ninefold.cli.up; print(*sorted(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())
    assert loaded.isdisjoint({"joblib", "cloudpickle", "dill", "torch", "sklearn", "lightgbm", "xgboost", "shelve", "skops"})


# 14: nothing goes through a shell; nothing is evaluated

UNSAFE = re.compile(r"shell=True|os\.system\(|os\.popen\(|(?<![\w.])eval\(|yaml\.(unsafe_load|full_load)\(|allow_pickle=True|extractall\(|mktemp\(")
LOADS = re.compile(r"(pickle|marshal|joblib|cloudpickle|dill)\.loads?\(|shelve\.open|Unpickler\(")
# its own processes speak with one another in pickles; the program that converts a model is started where its user trusts it
UNPICKLES = {"engine/pool.py", "models/registry/portable/unpickling.py"}


def test_no_shell_no_eval_no_pickle_in_the_source() -> None:
    ours = HERE.parents[1] / "ninefold"
    code = {str(file.relative_to(ours)): re.sub(r"#.*", "", file.read_text()) for file in ours.rglob("*.py")}
    assert {name for name, text in code.items() if UNSAFE.search(text)} == set()
    assert {name for name, text in code.items() if "yaml.load(" in text and "SafeLoader" not in text} == set()
    assert {name for name, text in code.items() if LOADS.search(text)} <= UNPICKLES


# 16: requests that cost more than they say


def test_what_costs_much_is_refused_before_it_does(audited: Any) -> None:
    get = audited.get
    many = "&".join(f"a{n}=1" for n in range(300))
    assert get("GET", f"/api/experiments?{many}")[0] == 400
    assert get("POST", "/api/runs/search", b'{"where": ' + b"[" * 100_000)[0] in {400, 413}
    assert get("POST", "/api/runs/search", json.dumps({"where": "metrics.a > " + "9" * 60_000}).encode())[0] in {200, 400}
    assert get("POST", "/api/runs/search", b'{"limit": ' + b"9" * 5000 + b"}")[0] == 400
    assert get("POST", "/api/2.0/mlflow/runs/search", b'{"max_results": ' + b"9" * 5000 + b"}")[0] == 400
    clauses = " and ".join(f"tags.a{n} like '%x%'" for n in range(101))
    assert get("POST", "/api/runs/search", json.dumps({"where": clauses}).encode())[0] == 400
    assert get("GET", "/health", ranges="bytes=" + "0-,1-," * 5000)[0] in {200, 431}
    assert get("GET", "/health", x="a" * 200_000)[0] == 431


@pytest.mark.parametrize(
    "token", ["", "x", "AAAA", "=" * 100, "eyJhIjoxfQ==", base64.b64encode(PICKLE).decode(), "a" * 20_000, "\u0000", "-1", "999999999999"]
)
def test_a_token_of_a_page_is_only_a_place(audited: Any, token: str) -> None:
    before = audited.seen
    for path in ("runs/search", "experiments/search", "logged-models/search"):
        body = json.dumps({"experiment_ids": ["0"], "page_token": token, "max_results": 5}).encode()
        assert audited.get("POST", f"/api/2.0/mlflow/{path}", body)[0] in {200, 400}
    assert audited.get("GET", f"/api/experiments?token={quote(token)}")[0] in {200, 400}
    unharmed(audited, before)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|aa)+$", "([a-z]+)*!", "(.*)*(.*)*(.*)*x", "a{1000}{1000}", "(?=x)", "\\1", "(" * 500])
def test_no_expression_is_slow(audited: Any, expression: str) -> None:
    body = {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}], "filter": f"tag.a RLIKE '{expression}'"}
    assert audited.get("POST", "/api/3.0/mlflow/traces/search", json.dumps(body).encode())[0] in {200, 400}


# 18: who else has an account on the machine


def test_a_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    program = f"""
import os; os.umask(0)
from pathlib import Path
from ninefold import config
from ninefold.project.home import Home
from ninefold.runs.artifacts import Files
with Home(config.load(Path({str(tmp_path)!r})), "p") as home:
    home.ledger.record("a.x", "p/t")
    Files(home.ledger, home.blobs, "p").put("a/b.txt", b"x" * 3_000_000)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    home = tmp_path / ".ninefold"
    assert {
        str(path.relative_to(tmp_path)): oct(path.stat().st_mode & 0o777) for path in (home, home / "ledger.db", home / "keys" / "ledger.key")
    } == {".ninefold": "0o700", ".ninefold/ledger.db": "0o600", ".ninefold/keys/ledger.key": "0o600"}


# 21: secrets that came once are in nothing that is kept or told


def test_no_secret_is_kept_or_told(collecting_project: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(collecting_project, tmp_path / "parcels"))
    token, secrets = (administered(folder), {"webhook": "hook-canary-5513", "password": "pass-canary-word-90", "client": "oidc-canary-7721"})
    (folder / "pyproject.toml").write_text(
        (folder / "pyproject.toml").read_text()
        + '\n[tool.ninefold.oidc]\nissuer = "https://id.example.org"\nclient_id = "x"\nclient_secret = "env:CLIENT_SECRET"\n'
    )
    server = Server(folder, {"CLIENT_SECRET": secrets["client"], "NINEFOLD_WEBHOOK_ADDRESSES": "any"}).start()
    get, told = Kept(server.port, token), b""
    hook = {
        "name": "h",
        "url": "https://127.0.0.1:9/x",
        "secret": secrets["webhook"],
        "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}],
    }
    made = get("POST", "/api/2.0/mlflow/webhooks", json.dumps(hook).encode())
    assert made[0] == 200, made
    told += made[1] + get("GET", "/api/2.0/mlflow/webhooks")[1]
    told += get("POST", "/api/people", json.dumps({"name": "eve", "password": secrets["password"]}).encode())[1]
    told += get("POST", "/api/people", json.dumps({"name": "eve", "password": secrets["password"], "kind": 7}).encode())[1]
    wrong = base64.b64encode(f"ada:{secrets['password']}".encode()).decode()
    told += get("GET", "/api/me", authorization=f"Basic {wrong}")[1]
    told += get("GET", "/api/me", authorization=f"Bearer {token}x")[1]
    told += get("POST", "/sign-in", f"name=eve&password={secrets['password']}x".encode(), content_type="application/x-www-form-urlencoded")[1]
    for path in ("/people", "/me", "/facts", "/api/people", "/api/me", "/health", "/sign-in", "/sign-in/oidc"):
        told += get("GET", path)[1]
    server.stop()
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    copies = tmp_path / "copies"
    with Home(config.load(folder), "parcels") as home:
        home.ledger.export(copies / "ledger")
    kept += b"".join(path.read_bytes() for path in copies.rglob("*") if path.is_file())
    for secret in (*secrets.values(), token, token.removeprefix("nf_")):
        for where, text in (("an answer", told), ("a file", kept), ("the log", server.log.encode())):
            assert secret.encode() not in text, (secret, where)


def test_the_password_of_a_database_is_in_no_error(tmp_path: Path) -> None:
    with pytest.raises(NinefoldError) as refused:
        Ledger.open("postgresql://ada:canary-4411@127.0.0.1:1/x", home=tmp_path)
    assert "canary-4411" not in f"{refused.value!r} {refused.value} {refused.value.hint} {refused.value.where}"
