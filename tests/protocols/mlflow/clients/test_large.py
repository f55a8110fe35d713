"""Large files of unmodified clients: in parts to our own server, on disk and on S3; from S3 they come directly."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign import Client
from live import Live

SCRIPT = Path(__file__).parent / "scripts" / "large.py"
pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.timeout(500)]


@pytest.fixture(params=["disk", "s3"])
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    if request.param == "s3":
        monkeypatch.setenv("NINEFOLD_ARTIFACTS", request.getfixturevalue("bucket") + "/blobs")
    home = tmp_path / "home"
    home.mkdir()
    (home / "pyproject.toml").touch()
    with Live(home) as live:
        yield live


def test_a_large_file_goes_in_parts(client: Client, server: Live, tmp_path: Path) -> None:
    client.variables |= {"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(20 << 20)}
    if client.environment.name.endswith("2"):  # the older release does not ask what the server can do
        client.variables |= {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true", "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true"}
    run = client.python(SCRIPT)["run"]
    status, listed = server.call("GET", f"/api/2.0/mlflow-artifacts/artifacts?path=0/{run}/artifacts/deep/down")
    assert (status, [each["path"] for each in listed["files"]]) == (200, ["large.bin"])
    with sqlite3.connect(tmp_path / "home" / ".ninefold" / "ledger.db") as ledger:
        ((body,),) = ledger.execute("select body from uploads").fetchall()
    upload = json.loads(body)
    assert (len(upload["parts"]), bool(upload["done"])) == (4, True)
