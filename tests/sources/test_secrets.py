"""What a connection only refers to is used, and shown nowhere: not in an error, not in a key, not in what is recorded."""

import sqlite3
import traceback
from dataclasses import replace
from pathlib import Path

import duckdb
import msgspec
import pytest

import ninefold as nf
from ninefold.config import Settings
from ninefold.errors import NinefoldError
from ninefold.lake import Lake
from ninefold.notify.channels import channel
from ninefold.notify.outbox import Message
from ninefold.sources.location import locate
from ninefold.sources.read import fingerprint, snapshot

CANARY = "k3y-canary"
case = pytest.param


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def connected(settings: Settings, monkeypatch: pytest.MonkeyPatch, given: str, value: str) -> Settings:
    monkeypatch.setenv("SHOP", value)
    return replace(settings, connections={"shop": given})


@pytest.mark.parametrize(
    ("given", "value", "of"),
    [
        case("sqlite:///data/${SHOP}.db", CANARY, "shop:orders", id="sqlite"),
        case("duckdb:///data/${SHOP}.duckdb", CANARY, "shop:orders", id="duckdb"),
        case("postgresql://me:${SHOP}@127.0.0.1:9/x", CANARY, "shop:orders", id="postgres"),
        case("postgresql://me:${SHOP}@127.0.0.1:9/x", f"p@{CANARY}/word", "shop:orders", id="postgres, a password that is not encoded"),
        case("s3://${SHOP}/orders", CANARY, "shop:*.csv", id="s3"),
        case("https://127.0.0.1:9/${SHOP}", CANARY, "shop:x.csv", id="https"),
        case("data/${SHOP}", CANARY, "shop:*.csv", id="files"),
        case("mysql://me:${SHOP}@db/x", CANARY, "shop:orders", id="a scheme that is not known"),
        case("kafka://me:${SHOP}@db/x", CANARY, "shop:orders", id="a scheme of later"),
        case("env:SHOP", f"sqlite:///data/{CANARY}.db", "shop:orders", id="all of a path"),
        case("env:SHOP", f"postgresql://me:{CANARY}@127.0.0.1:9/x", "shop:orders", id="all of a URL"),
        case("env:SHOP", f"s3://{CANARY}/orders", "shop:*.csv", id="all of a bucket's URL"),
        case("env:SHOP", f"mysql://me:{CANARY}@db/x", "shop:orders", id="all of a URL that is not known"),
    ],
)
@pytest.mark.timeout(60)
def test_an_error_shows_the_reference(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, value: str, of: str) -> None:
    settings = connected(settings, monkeypatch, given, value)
    with pytest.raises(NinefoldError) as told:
        snapshot(nf.Source(of), name="rows", settings=settings, lake_table=Lake(tmp_path / "lake").table("rows"))
    assert CANARY not in "".join(traceback.format_exception(told.value))
    assert CANARY not in f"{told.value} {told.value.hint} {told.value.where}"
    assert "${SHOP}" in str(told.value)


def _filled(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{CANARY}.csv").write_text("id\n1\n")
    with sqlite3.connect(folder / f"{CANARY}.db") as lite:
        lite.execute("create table orders as select 1 as id")
    with duckdb.connect(str(folder / f"{CANARY}.duckdb")) as duck:
        duck.execute("create table orders as select 1 as id")


READABLE = [
    case("sqlite:///data/${SHOP}.db", CANARY, "shop:orders", id="sqlite"),
    case("duckdb:///data/${SHOP}.duckdb", CANARY, "shop:orders", id="duckdb"),
    case("env:SHOP", f"sqlite:///data/{CANARY}.db", "shop:orders", id="all of a path"),
    case("data/${SHOP}.csv", CANARY, "shop:", id="file"),
]


@pytest.mark.parametrize(("given", "value", "of"), READABLE)
def test_what_is_recorded_shows_the_reference(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, value: str, of: str
) -> None:
    settings, source = connected(settings, monkeypatch, given, value), nf.Source(of)
    _filled(tmp_path / "data")
    taken = snapshot(source, name="rows", settings=settings, lake_table=Lake(tmp_path / "lake").table("rows"))
    recorded = msgspec.json.encode([taken, fingerprint(source, settings), repr(locate(of, settings))]).decode()
    assert (taken.rows, CANARY in recorded, "${SHOP}" in recorded) == (1, False, True), recorded


def test_a_query_that_is_refused_shows_the_reference(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = connected(settings, monkeypatch, "sqlite:///data/${SHOP}.db", CANARY)
    _filled(tmp_path / "data")
    with pytest.raises(NinefoldError, match=r"data/\$\{SHOP\}\.db.*refuses the query: no such table: ordres"):
        snapshot(nf.Source("shop:ordres"), name="rows", settings=settings, lake_table=Lake(tmp_path / "lake").table("rows"))


def test_files_below_a_hidden_folder_keep_names_of_their_own(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = connected(settings, monkeypatch, "env:SHOP", str(tmp_path / "2013" / "2014"))
    for name in ("2013.csv", "2014.csv"):
        (tmp_path / "2013" / "2014").mkdir(parents=True, exist_ok=True)
        (tmp_path / "2013" / "2014" / name).write_text("id\n1\n")
    taken = snapshot(nf.Source("shop:*.csv"), name="rows", settings=settings, lake_table=Lake(tmp_path / "lake").table("rows"))
    assert [file.path for file in taken.files] == ["${SHOP}/2013.csv", "${SHOP}/2014.csv"]


def message() -> Message:
    return Message(id="1", project="p", url="", subject="s", body={}, state="waiting", created=0, due=0, tries=0, delivered=None, error="")


@pytest.mark.parametrize("value", [f"http://127.0.0.1:{CANARY}/x", f"https://{CANARY}.invalid/x", f"ftp://{CANARY}/x"])
def test_a_webhook_that_fails_shows_nothing_of_its_url(settings: Settings, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises((NinefoldError, OSError)) as told:
        channel("shop:alerts", connected(settings, monkeypatch, "env:SHOP", value))(message())
    assert CANARY not in "".join(traceback.format_exception(told.value))


def test_a_mail_server_that_fails_shows_nothing_of_its_password(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", f"x:{CANARY}/y")
    with pytest.raises((NinefoldError, OSError)) as told:
        channel("mailto:a@example.org", replace(settings, smtp="smtp://me:${SHOP}@127.0.0.1:9"))(message())
    assert CANARY not in "".join(traceback.format_exception(told.value))


@pytest.mark.parametrize(
    ("given", "value", "shown"),
    [("s3://${SHOP}/orders", CANARY, "s3://${SHOP}/orders/a.csv"), ("env:SHOP", f"s3://{CANARY}/orders", "${SHOP}/a.csv")],
)
def test_an_object_is_recorded_by_the_reference(settings: Settings, monkeypatch: pytest.MonkeyPatch, given: str, value: str, shown: str) -> None:
    location = locate("shop:*.csv", connected(settings, monkeypatch, given, value))
    assert location.name(f"s3://{CANARY}/orders/a.csv") == shown
