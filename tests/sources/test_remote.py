"""Object stores and web addresses."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import ninefold as nf
from ninefold.config import Settings
from ninefold.errors import DataError
from ninefold.sources.read import fingerprint


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_web_address_is_fetched(take: Any, web: str, tmp_path: Path) -> None:
    (tmp_path / "web" / "a.csv").write_text("id\n1\n")
    assert take(nf.Source(f"{web}/a.csv"))[1] == [{"id": 1}]


def test_a_missing_page_says_what_the_server_answers(take: Any, web: str) -> None:
    with pytest.raises(DataError, match="answers 404"):
        take(nf.Source(f"{web}/none.csv"))


def test_a_fingerprint_changes_with_the_content_only(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    first = fingerprint(nf.Source("*.csv"), settings)
    (tmp_path / "a.csv").touch()
    assert fingerprint(nf.Source("*.csv"), settings) == first
    (tmp_path / "a.csv").write_text("id\n2\n")
    assert fingerprint(nf.Source("*.csv"), settings) != first


@pytest.mark.slow
def test_objects_by_pattern_come_from_s3(take: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moto = pytest.importorskip("moto.server")
    import boto3

    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "REGION": "us-east-1",
        "DEFAULT_REGION": "us-east-1",
        "ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    try:
        client = boto3.client("s3")
        client.create_bucket(Bucket="shop")
        for i in (1, 2):
            client.put_object(Bucket="shop", Key=f"day/{i}.csv", Body=f"id\n{i}\n".encode())
        first, rows = take(nf.Source("s3://shop/day/*.csv"))
        assert [r["id"] for r in rows] == [1, 2]
        client.put_object(Bucket="shop", Key="day/3.csv", Body=b"id\n3\n")
        second, rows = take(nf.Source("s3://shop/day/*.csv"), first.state)
        assert [f.path for f in second.files] == ["s3://shop/day/3.csv"]
    finally:
        server.stop()
