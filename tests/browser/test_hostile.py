"""What clients write is only text in a browser: nothing of it runs, nothing of it leaves the page."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.runs.records import Runs

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
EVIL = [
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "</title></style></textarea><script>window.pwned=1</script>",
    '<a href="javascript:window.pwned=1">x</a>',
    "[x](javascript:window.pwned=1) ![x](http://evil.example/x.png)",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "\u202egnp.exe\u0000".replace("\u0000", ""),
    "<base href=http://evil.example/><link rel=stylesheet href=//evil.example/x.css>",
]
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=1"><script>window.pwned=1</script><image href="http://evil.example/x.png"/></svg>'
)
FILES = {
    "x.svg": SVG,
    "x.html": EVIL[5].encode(),
    "x.md": "\n".join(EVIL).encode(),
    "x.json": json.dumps(EVIL).encode(),
    "x.csv": ("a,b\n" + "\n".join(f'"{text.replace(chr(34), chr(34) * 2)}",=1+1' for text in EVIL)).encode(),
    "x.png": SVG,
    "x.txt": EVIL[0].encode(),
}


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run whose every text is hostile, and a model like it."""
    (tmp_path / "pyproject.toml").touch()
    with Home(config.load(tmp_path), "default") as home:
        runs = Runs(home.ledger, home.blobs)
        for text in EVIL:
            made = runs.start(
                "default", text, name=text, params=dict.fromkeys(EVIL, text), tags={**dict.fromkeys(EVIL, text), "mlflow.note.content": text}
            )
            runs.log(made.id, dict.fromkeys(EVIL, 1.0))
            runs.log(made.id, dict.fromkeys(EVIL, 2.0), step=1)
            for name, content in FILES.items():
                runs.add_artifact(made.id, name, content)
        registry = Registry(home.ledger, "default")
        registry.create("evil", description="\n".join(EVIL), tags=dict.fromkeys(EVIL, EVIL[0]))
        registry.register("evil", f"runs:/{made.id}/x", made.id, description=EVIL[1], tags=dict.fromkeys(EVIL, EVIL[2]))
    return made.id


def test_nothing_that_clients_write_runs(browser: Any, run: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ninefold", "up", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"}) as process:
        assert process.stdout is not None
        url, wrong = json.loads(process.stdout.readline())["url"], []
        context = browser.new_context(accept_downloads=True)
        window = context.new_page()
        window.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        window.on("request", lambda request: wrong.append(request.url) if not request.url.startswith((url, "data:")) else None)
        window.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        pages = ["/runs", f"/runs/{run}", "/experiments", "/models", "/models/evil", "/models/evil/1", f"/runs/compare?ids={run}", "/facts"]
        pages += [f"/runs/{run}?file={name}" for name in FILES]
        pages += [f"/runs?where={text}&order={text}" for text in EVIL] + [f"/runs/{run}?metric={text}&file={text}" for text in EVIL]
        for page in pages:
            window.goto(url + page.replace("#", "%23"))
            assert window.evaluate("window.pwned") is None, page
            assert page != f"/runs/{run}" or EVIL[0] in window.inner_text("body")  # it is there, as text
            assert window.locator("h1").count() == 1, page
            for link in window.locator("a[href]").evaluate_all("all => all.map(a => a.protocol)"):
                assert link in {"http:", "https:"}, (page, link)
        for name in FILES:  # opened by itself: saved, or shown where it can run nothing
            answer = context.request.get(f"{url}/runs/{run}/files/{name}")
            assert answer.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in answer.headers["content-security-policy"]
        process.terminate()
        assert wrong == []
