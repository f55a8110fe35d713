"""The loop and the server run the code that was deployed, whatever has become of the project's files since."""

from datetime import timedelta
from pathlib import Path

import making
import pytest

from ninefold.clock import SimulatedClock
from ninefold.errors import CorruptError
from ninefold.loop.retraining import Trainer
from ninefold.server.runtime import Runtime

BROKEN = "raise RuntimeError('this is not what was deployed')\n"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A project with a module beside its file, run and released; then both files are broken."""
    main = making.bins(tmp_path / "bins")
    (main.parent / "cleaning.py").write_text("def cleaned(frame):\n    return frame\n")
    text = main.read_text().replace("    return post\n", "    return cleaned(post)\n").replace("import ninefold as nf\n", HEAD, 1)
    main.write_text(text)
    making.run(main, as_of=making.END - timedelta(days=2))
    making.release(main, "chute", at=making.micros(making.END - timedelta(days=2)))
    for name in ("bins.py", "cleaning.py"):
        (main.parent / name).write_text(BROKEN)
    return main


HEAD = "from cleaning import cleaned\n\nimport ninefold as nf\n"


@pytest.mark.slow
def test_a_retraining_runs_frozen_code_only(changed: Path) -> None:
    with making.home(changed) as home:
        frozen = home.ledger.facts(kind="deploy.frozen")[-1].body["digest"]
        done = Trainer(home).run(frozen, making.micros(making.END), "a test")
    assert "table/letters" in done.answer["hits"]
    assert "model/sorter" in done.answer["ran"]


def test_a_server_reads_frozen_code_only(changed: Path) -> None:
    with making.home(changed) as home:
        runtime = Runtime(home, SimulatedClock(making.micros(making.END)))
        runtime.start()
        assert runtime.graph is not None
        assert {path.parent.parent.name for path in runtime.graph.files} == {"frozen"}
        assert list(runtime.services) == ["chute"]
        runtime.stop()


def test_frozen_code_that_was_changed_is_not_run(changed: Path) -> None:
    with making.home(changed) as home:
        frozen = home.ledger.facts(kind="deploy.frozen")[-1].body["digest"]
        (home.path("frozen", frozen) / "cleaning.py").write_text("def cleaned(frame):\n    return frame.head(1)\n")
        with pytest.raises(CorruptError, match="frozen file was changed"):
            Trainer(home).run(frozen, making.micros(making.END), "a test")
