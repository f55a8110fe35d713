"""What a process takes, sampled beside it."""

import threading
from pathlib import Path

import pytest

from ninefold.runs.tracking.resources import Meter, Sampler, Samples


def test_samples_come_while_somebody_takes_them() -> None:
    sampler, came = Sampler(every=0.02), threading.Event()
    taken: list[Samples] = []

    def take(sample: Samples) -> None:
        taken.append(sample)
        came.set()

    sampler.add("r", take)
    assert came.wait(10)
    sampler.remove("r")
    assert 0 <= taken[0]["system/cpu"] < 100 and 1e6 < taken[0]["system/memory"] < 1e11
    # another run after that has its own thread again
    came.clear()
    sampler.add("s", take)
    assert came.wait(10)
    sampler.remove("s")


def test_gpus_are_counted_where_their_tool_says_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '50, 1024'\necho '100, 2048'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    sample = Meter().sample()
    assert (sample["system/gpu"], sample["system/gpu_memory"]) == (1.5, 3072 * 2**20)
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert "system/gpu" not in Meter().sample()
