"""A real browser over a real server: Debian's chromium through Playwright; skipped, with the reason, where there is none."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WIDE, NARROW = 1280, 360


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe; installed from the lock file where it is not there yet."""
    file = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not file.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe needs npm: apt-get install npm")
        done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install axe: {done.stderr[-200:]}")
    return file.read_text()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright: pip install playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("the browser tests need chromium: apt-get install chromium")
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def tiny(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project with an incident, a work item and looks of its monitor."""
    import happening

    found = Path(shutil.copytree(tiny_project, tmp_path_factory.mktemp("browser") / "parcels"))
    happening.happen(found)
    return found


@pytest.fixture(scope="session")
def pages(tiny: Path) -> Iterator[str]:
    """The address of a server of the small project's pages, in a process of its own."""
    script = "import sys; sys.path.insert(0, sys.argv[1]); import serving; serving.serve(sys.argv[2])"
    server = subprocess.Popen([sys.executable, "-c", script, str(HERE), str(tiny)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server.terminate()
    server.wait(10)


class Visit:
    """A page in a window, with what went wrong: errors on the console, requests that left the server, answers that were errors."""

    def __init__(self, browser: Any, base: str, *, width: int = WIDE, scheme: str = "light", bypass: bool = False) -> None:
        self.base, self.wrong = base, []
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=bypass)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("request", lambda r: self.wrong.append(r.url) if not r.url.startswith(base) else None)

    def go(self, path: str) -> Any:
        self.page.goto(self.base + path)
        return self.page


@pytest.fixture
def visit(browser: Any, pages: str) -> Iterator[Callable[..., Visit]]:
    """``visit(width=360, scheme="dark").go("/")``; at the end nothing may have gone wrong."""
    made: list[Visit] = []

    def make(**how: Any) -> Visit:
        made.append(Visit(browser, pages, **how))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
    assert [w for one in made for w in one.wrong] == []
