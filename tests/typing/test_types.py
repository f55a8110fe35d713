"""The public types and the examples satisfy both type checkers, each with all its strictness."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ["examples", "tests/typing/api.py"]


@pytest.mark.slow
def test_mypy_strict_agrees_with_the_public_types() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy", *FILES], cwd=ROOT, capture_output=True, text=True, check=False)
    wrong = [line for line in done.stdout.splitlines() if line.startswith(("examples/", "tests/"))]
    assert wrong == [], done.stderr


@pytest.mark.slow
def test_pyright_agrees_with_the_public_types() -> None:
    done = subprocess.run([sys.executable, "-m", "pyright", "--outputjson", *FILES], cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        pytest.skip(f"pyright cannot run here: {(done.stderr or done.stdout)[:200]}")
    assert [d["message"] for d in report["generalDiagnostics"] if d["severity"] == "error"] == []
