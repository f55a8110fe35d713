"""Signing in, one's own account and everybody's, in a real browser without any script; and what axe says of these pages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ninefold import config
from ninefold.accounts import Accounts
from ninefold.project.home import Home

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "correct horse battery"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with accounts: ada administers, ben has no role yet."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / "pyproject.toml").write_text("[tool.ninefold]\n")
    with Home(config.load(folder), "default") as home:
        accounts = Accounts(home.ledger)
        accounts.people.add("ada", password=PASSWORD, full_name="Ada Lovelace", email="ada@example.org")
        accounts.grants.give("ada", "administrator")
        accounts.grants.give("ada", "scientist", "default")
        accounts.people.add("ben", password=PASSWORD)
    command = [sys.executable, "-m", "ninefold", "up", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "passive"}) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.terminate()


def window(browser: Any, **how: Any) -> Any:
    return browser.new_context(viewport={"width": how.pop("width", 1280), "height": 900}, **how).new_page()


def sign_in(page: Any, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_from_a_page_over_the_sign_in_back_to_it_and_out(browser: Any, server: str) -> None:
    page = window(browser, java_script_enabled=False)
    page.goto(f"{server}/runs?x=1")
    assert page.url.endswith("/sign-in?next=%2Fruns%3Fx%3D1")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("not her password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").inner_text().startswith("The name or the password is wrong.")
    sign_in(page, "ada")
    assert page.url == f"{server}/runs?x=1"
    page.get_by_role("link", name="ada").click()
    assert page.get_by_role("heading", name="Ada Lovelace").is_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(f"{server}/me")
    assert "/sign-in" in page.url


def test_a_token_is_made_shown_once_and_revoked(browser: Any, server: str) -> None:
    page = window(browser, java_script_enabled=False)
    page.goto(f"{server}/me")
    sign_in(page, "ada")
    page.get_by_text("Make a token").click()
    page.get_by_label("What for").fill("nightly")
    page.get_by_role("button", name="Make it").click()
    token = page.get_by_role("status").locator("code").inner_text()
    assert token.startswith("nf_")
    page.goto(f"{server}/me")
    assert token not in page.content()
    page.get_by_role("button", name="Revoke nightly").click()
    assert page.get_by_text("You have no tokens.").is_visible()


def test_an_administrator_lets_somebody_in_and_shuts_them_out(browser: Any, server: str) -> None:
    theirs = window(browser, java_script_enabled=False)
    theirs.goto(f"{server}/runs")
    sign_in(theirs, "ben")
    assert theirs.get_by_text("may not do this").is_visible()  # no role yet
    theirs.goto(f"{server}/people")
    assert theirs.get_by_text("may not do this").is_visible()
    page = window(browser, java_script_enabled=False)
    page.goto(f"{server}/people")
    sign_in(page, "ada")
    ben = page.locator("section.account").filter(has=page.get_by_role("heading", name="ben"))
    ben.get_by_text("Change").click()
    ben.get_by_label("Role").select_option("viewer")
    ben.get_by_label("Project").fill("default")
    ben.get_by_role("button", name="Give").click()
    theirs.goto(f"{server}/runs")
    assert theirs.get_by_role("heading", name="Runs").is_visible()
    ben.get_by_text("Change").click()
    ben.get_by_role("button", name="Shut the account").click()
    theirs.goto(f"{server}/runs")
    assert "/sign-in" in theirs.url
    ben.get_by_text("Change").click()
    ben.get_by_role("button", name="Open the account again").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_on_the_pages_of_accounts(browser: Any, server: str, axe: str, scheme: str, width: int) -> None:
    page = window(browser, width=width, color_scheme=scheme, bypass_csp=True)
    for path in ("/sign-in", "/me", "/people"):
        page.goto(server + path)
        if path == "/me":
            sign_in(page, "ada")
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.evaluate(axe)
        assert [(v["id"], v["nodes"][0]["html"]) for v in page.evaluate(RULES)["violations"]] == [], path
