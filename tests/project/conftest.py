"""Projects written for one test."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from ninefold.project.reading.graph import Graph
from ninefold.project.reading.load import forget
from ninefold.project.reading.read import read

HEAD = "import polars as pl\nimport ninefold as nf\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write modules below a fresh folder: ``write(shop="...")`` is shop.py, ``write(**{"shop/__init__": "..."})`` a package.

    The path of the first one is returned.
    """

    def write(**modules: str) -> Path:
        paths = []
        for name, text in modules.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(HEAD + dedent(text))
            paths.append(path)
        return paths[0]

    return write


@pytest.fixture
def project(write: Callable[..., Path]) -> Callable[[str], Graph]:
    """The graph of a project with this text."""
    return lambda text: read(write(shop=text))


@pytest.fixture(autouse=True)
def forgotten() -> object:
    """Modules of one test are not there in the next."""
    yield
    forget()
