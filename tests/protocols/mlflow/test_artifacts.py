"""Files: in and out unchanged, nothing that leaves its folder, nothing that a browser runs."""

import hashlib
from base64 import b64encode
from urllib.parse import quote

import pytest
from asked import FILES, Asked

from ninefold.protocols.mlflow.errors import GONE, INVALID
from ninefold.runs.artifacts import Files

HTML = b"<script>alert(1)</script>"


def put(asked: Asked, path: str, body: bytes = b"hello", **headers: str) -> int:
    return asked.call("PUT", f"{FILES}artifacts/{path}", body, "text/plain", **headers).status


def test_a_file_goes_in_and_comes_back(asked: Asked, run: str) -> None:
    for body in (b"", b"hello", bytes(range(256)) * 5000):
        said = asked.call("PUT", f"{FILES}artifacts/0/{run}/artifacts/a/b.bin", body, "application/octet-stream")
        digest = hashlib.sha256(body)
        assert (said.status, said.headers["etag"]) == (200, f'"{digest.hexdigest()}"')
        back = asked.call("GET", f"{FILES}artifacts/0/{run}/artifacts/a/b.bin")
        assert back.body == body
        assert back.headers["repr-digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"


def test_a_file_that_is_not_what_was_promised_is_refused(asked: Asked) -> None:
    right = b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert put(asked, "0/x", content_digest=f"sha-256=:{right}:") == 200
    assert put(asked, "0/y", b"other", content_digest=f"sha-256=:{right}:") == 400
    assert asked.call("GET", f"{FILES}artifacts/0/y").code == GONE


def test_folders_are_listed_by_level(asked: Asked, run: str) -> None:
    for path in ("MLmodel", "data/a.txt", "data/deep/b.txt", "größe #1;2?.txt"):
        assert put(asked, f"0/{run}/artifacts/m/{quote(path)}") == 200
    files = asked.get(f"{FILES}artifacts", path=f"0/{run}/artifacts/m").json["files"]
    assert files == [
        {"path": "MLmodel", "is_dir": False, "file_size": 5},
        {"path": "data", "is_dir": True},
        {"path": "größe #1;2?.txt", "is_dir": False, "file_size": 5},
    ]
    said = asked.get("artifacts/list", run_id=run, path="m/data").json
    assert said["root_uri"] == f"mlflow-artifacts:/0/{run}/artifacts"
    assert said["files"] == [{"path": "m/data/a.txt", "is_dir": False, "file_size": 5}, {"path": "m/data/deep", "is_dir": True}]
    assert asked.get("artifacts/list", run_id=run, path="nowhere").json == {"root_uri": said["root_uri"]}
    assert asked.get(f"{FILES}artifacts", path="0/nowhere").json == {}
    assert asked.get("/get-artifact", run_id=run, path="m/data/a.txt").body == b"hello"
    assert asked.get("/get-artifact", run_id=run, path="m/data").code == GONE
    assert asked.get("/get-artifact", run_id=run).code == INVALID


def test_files_and_folders_are_deleted(asked: Asked, run: str) -> None:
    for path in ("a.txt", "b/c.txt", "b/d.txt"):
        put(asked, f"0/{run}/artifacts/{path}")
    assert asked.call("DELETE", f"{FILES}artifacts/0/{run}/artifacts/a.txt").json == {}
    assert asked.call("DELETE", f"{FILES}artifacts/0/{run}/artifacts/b/").json == {}
    assert asked.get("artifacts/list", run_id=run).json.get("files") is None
    assert asked.call("GET", f"{FILES}artifacts/0/{run}/artifacts/a.txt").code == GONE


HOSTILE = [
    "../x", "a/../../x", "%2e%2e/x", "..%2fx", "%2e%2e%2fx", "a/%2e%2e/x", "%252e%252e/x", "%252e%252e%252fx", "%25252e%25252e/x",
    "..%5cx", "a%5c..%5cx", "%5cx", "C:%5cx", "C:/x", "c%3A/x", "a%00b", "a%0Ab", "%2fetc/passwd", "%252fetc/passwd", "a//b", "a/./b",
    "file:%2f%2f%2fetc/passwd", "..%c0%af", "%ff", "x" * 1100, "a/b/..", "..;/x".replace(";", "%3b%2f%2e%2e"),
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_are_refused_on_every_verb(asked: Asked, run: str, path: str) -> None:
    for verb in ("GET", "PUT", "DELETE"):
        said = asked.call(verb, f"{FILES}artifacts/{path}", b"x" if verb == "PUT" else b"", "text/plain")
        assert said.code == INVALID, (verb, said)
    assert list(Files(asked.home.ledger, asked.home.blobs, "default").list()) == []


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "a\\..\\x", "C:/x", "file:///etc/passwd", "a\x00b", ".."])
def test_hostile_paths_in_queries_are_refused(asked: Asked, run: str, path: str) -> None:
    model = asked.done("logged-models", experiment_id="0")["model"]["info"]["model_id"]
    assert asked.get(f"{FILES}artifacts", path=path).code == INVALID
    assert asked.get("artifacts/list", run_id=run, path=path).code == INVALID
    assert asked.get("/get-artifact", run_id=run, path=path).code == INVALID
    assert asked.get(f"logged-models/{model}/artifacts/directories", artifact_directory_path=path).code == INVALID
    assert asked.get(f"logged-models/{model}/artifacts/files", artifact_file_path=path).code == INVALID


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xml", "x.js", "x.xhtml", "x.pdf", "x", "x.htm", "x.mjs", "x.PNG.html"])
def test_what_a_browser_could_run_is_only_bytes_to_save(asked: Asked, run: str, name: str) -> None:
    put(asked, f"0/{run}/artifacts/{name}", HTML)
    for said in (asked.call("GET", f"{FILES}artifacts/0/{run}/artifacts/{name}"), asked.get("/get-artifact", run_id=run, path=name)):
        assert said.headers["content-type"] == "application/octet-stream"
        assert said.headers["content-disposition"].startswith("attachment;")
        assert said.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in said.headers["content-security-policy"]


def test_a_name_cannot_break_out_of_its_header(asked: Asked, run: str) -> None:
    put(asked, f"0/{run}/artifacts/" + quote('a";filename=b.html;x="é'))
    said = asked.call("GET", f"{FILES}artifacts/0/{run}/artifacts/" + quote('a";filename=b.html;x="é'))
    assert said.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22%3Bfilename%3Db.html%3Bx%3D%22%C3%A9"


def test_files_of_a_foreign_store_are_not_looked_for_here(asked: Asked) -> None:
    number = asked.done("experiments/create", name="far", artifact_location="s3://bucket/x")["experiment_id"]
    run = asked.begin(experiment_id=number)
    assert asked.get("artifacts/list", run_id=run).code == INVALID
    assert asked.get("/get-artifact", run_id=run, path="a").code == INVALID


def test_a_host_in_the_location_changes_nothing(asked: Asked) -> None:
    number = asked.done("experiments/create", name="near", artifact_location="mlflow-artifacts://ml.example.com:9009/shared/x")["experiment_id"]
    run = asked.begin(experiment_id=number)
    assert put(asked, f"shared/x/{run}/artifacts/a.txt") == 200
    assert asked.get("artifacts/list", run_id=run).json["files"] == [{"path": "a.txt", "is_dir": False, "file_size": 5}]
    assert asked.get("/get-artifact", run_id=run, path="a.txt").body == b"hello"


def test_a_file_stays_a_file_and_a_folder_a_folder(asked: Asked) -> None:
    put(asked, "0/a")
    assert put(asked, "0/a/b") == 400
    put(asked, "0/c/d")
    assert put(asked, "0/c") == 400


def test_a_store_without_addresses_says_so_in_the_words_that_clients_wait_for(asked: Asked) -> None:
    said = asked.call("GET", f"{FILES}presigned/0/x")
    assert (said.status, said.json["error_code"]) == (501, "NOT_IMPLEMENTED")
    assert asked.get("/api/3.0/mlflow/server-info").json["multipart_downloads_enabled"] is False
