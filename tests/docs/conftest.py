"""The generator of the reference, the routes that it knows, and the project that the pages put together."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ninefold.cli import cli
from ninefold.cli.report import report

sys.path.extend(str(Path(__file__).parents[1] / room) for room in ("docs", "server"))  # reader.py, and live.py of the server's tests

from live import Live

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", GENERATE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def routes(generate: ModuleType) -> set[tuple[str, str]]:
    """Method and path of each."""
    return {(route.method, route.path) for route in generate.route_table()}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the project that docs/nine-stages.md puts together, run, released and asked. Only read it."""
    from reader import DOCS, blocks

    folder = tmp_path_factory.mktemp("docs") / "shop"
    folder.mkdir()
    data, *rest = (b.text for b in blocks(DOCS / "nine-stages.md") if b.kind == "python")
    (folder / "pyproject.toml").write_text('[tool.ninefold]\nproject = "shop"\n')
    (folder / "shop.py").write_text("from datetime import datetime\n\n" + "\n\n".join(rest))
    with pytest.MonkeyPatch.context() as go:
        go.chdir(folder)
        go.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
        exec(data, {})
        for words in (["run"], ["deploy", "desk"]):
            go.setattr(sys, "argv", ["ninefold", *words])
            assert report(cli) == 0
        with Live(folder) as server:
            question = {"order_id": "o1", "customer": "c7", "category": "shoes", "price": 40.0, "ordered_at": "2024-07-18T09:00:00Z"}
            server.post("/predict/desk", question, connection="close")
    return folder
