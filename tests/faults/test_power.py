"""A power cut: an ext4 file system on a loop device is shut down without writing its journal, and mounted again."""

import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHUTDOWN, NO_FLUSH = 0x8004587D, struct.pack("I", 2)  # FS_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH


class Disk:
    """A disk whose power can be cut."""

    def __init__(self, folder: Path) -> None:
        self.image, self.folder = folder / "image", folder / "disk"
        self.folder.mkdir()
        with self.image.open("wb") as file:
            file.truncate(64 << 20)
        self._call("mkfs.ext4", "-q", "-F", str(self.image))
        self.mount()

    def mount(self) -> None:
        self._call("mount", "-o", "loop", str(self.image), str(self.folder))

    def cut(self) -> None:
        """Nothing that was not flushed survives this."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, NO_FLUSH)
        finally:
            os.close(fd)
        self._call("umount", str(self.folder))
        self.mount()

    def _call(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk to cut the power of: {command[0]} says {done.stderr.strip()[:200]}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk and cut its power")
    if not Path("/sbin/mkfs.ext4").exists() and not Path("/usr/sbin/mkfs.ext4").exists():
        pytest.skip("mkfs.ext4 is not installed")
    disk = Disk(tmp_path)
    yield disk
    subprocess.run(["umount", "-l", str(disk.folder)], capture_output=True, check=False)


def elsewhere(script: str, *arguments: object, patch: str = "") -> str:
    """Run a script in a process that is gone before the power is: it keeps no file of the disk open."""
    done = subprocess.run([sys.executable, "-c", patch + script, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


LAKE = """
import sys; from pathlib import Path; import polars as pl
from ninefold.lake.table import LakeTable
table = LakeTable(sys.argv[1] + "/lake/t")
for n in range(int(sys.argv[2])):
    table.write(pl.DataFrame({"n": [n]}), mode="append", txn=("app", n + 1))
"""
JOURNAL = """
import os, sys; from pathlib import Path
from ninefold.journal import Journal
journal = Journal(Path(sys.argv[1], "journal"), max_bytes=4000)
for n in range(500):
    journal.append([b"%d" % n]).result()
os._exit(0)
"""
BLOBS = """
import sys; from ninefold.storage import Blobs, open_store
blobs = Blobs(open_store(sys.argv[1] + "/blobs"))
for n in range(50):
    print(blobs.add(b"%d" % n))
"""
LEDGER = """
import os, sys; from pathlib import Path
from ninefold.ledger import Ledger
ledger = Ledger.open(f"sqlite:///{sys.argv[1]}/home/ledger.db", anchors=Path(sys.argv[1], "anchors"))
for n in range(100):
    ledger.record("a.x", f"p/t@{n}", {"n": n})
ledger.checkpoint()
print(ledger.record("a.x", "p/t@100", {"n": 100}).seq, flush=True)
os._exit(0)
"""
VERIFY = """
import sys; from pathlib import Path
from ninefold.ledger import Ledger
with Ledger.open(f"sqlite:///{sys.argv[1]}/home/ledger.db", anchors=Path(sys.argv[1], "anchors")) as ledger:
    report = ledger.verify()
    print(ledger.head(), report.ok, report.signed, report.problems)
"""
COUNT = """
import sys; from ninefold.lake.table import LakeTable
table = LakeTable(sys.argv[1] + "/lake/t")
rows = table.read()["n"].to_list() if table.exists else []
print(len(rows) if rows == list(range(len(rows))) else f"wrong rows {rows}", table.position("app")[1])
"""


def test_every_acknowledged_commit_survives(disk: Disk) -> None:
    elsewhere(LAKE, disk.folder, 55)
    disk.cut()
    assert elsewhere(COUNT, disk.folder).split() == ["55", "55"]
    elsewhere(LAKE, disk.folder, 60)
    assert elsewhere(COUNT, disk.folder).split() == ["60", "60"]


def test_every_acknowledged_row_of_a_journal_survives(disk: Disk) -> None:
    from ninefold.journal import Journal, read

    elsewhere(JOURNAL, disk.folder)
    disk.cut()
    Journal(disk.folder / "journal").close()
    assert [int(record.payload) for record in read(disk.folder / "journal")] == list(range(500))


def test_every_stored_blob_survives(disk: Disk) -> None:
    from ninefold.storage import Blobs, open_store

    digests = elsewhere(BLOBS, disk.folder).split()
    disk.cut()
    blobs = Blobs(open_store(disk.folder / "blobs"))
    assert [int(blobs.get(digest)) for digest in digests] == list(range(50))


def test_every_acknowledged_fact_survives_and_the_anchor_with_it(disk: Disk) -> None:
    elsewhere(LEDGER, disk.folder)
    disk.cut()
    assert elsewhere(VERIFY, disk.folder).split()[:3] == ["101", "True", "100"]


NO_SYNC = """
from ninefold.ledger import sqlite
real = sqlite.SQLiteDriver.connect
def connect(self):
    connection = real(self)
    connection.execute("pragma synchronous = normal")
    return connection
sqlite.SQLiteDriver.connect = connect
"""


def test_without_the_flush_of_each_commit_facts_are_lost(disk: Disk) -> None:
    elsewhere(LEDGER.replace("ledger.checkpoint()", ""), disk.folder, patch=NO_SYNC)
    disk.cut()
    assert not elsewhere(VERIFY, disk.folder).startswith("101 ")


TRY_COUNT = f"""
from ninefold.errors import CorruptError
try: exec({COUNT!r})
except CorruptError: print("none: the log is torn")
"""
NO_LOG_FLUSH = "from ninefold.lake.log import Log; Log.flush = lambda self, version: None\n"
NO_FILE_FLUSH = "from ninefold.storage import durable; durable.flush = lambda fd: None\n"


@pytest.mark.parametrize("patch", [NO_LOG_FLUSH, NO_FILE_FLUSH], ids=["log", "files"])
def test_without_the_flushes_commits_are_lost(disk: Disk, patch: str) -> None:
    elsewhere(LAKE, disk.folder, 5, patch=patch)
    disk.cut()
    assert elsewhere(TRY_COUNT, disk.folder).split()[0] != "5"
