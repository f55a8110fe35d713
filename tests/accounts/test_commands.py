"""Accounts on the command line, the server that other machines reach, and who an approval says it was."""

import json
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from asking import PASSWORD

from ninefold import config
from ninefold.accounts import Accounts
from ninefold.cli.person import approver, person
from ninefold.errors import DeniedError
from ninefold.project.home import Home
from ninefold.project.running import author_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.ninefold]\n")
    return tmp_path


def cli(folder: Path, *words: str, given: str = "", **variables: str) -> tuple[int, Any]:
    """Exit code and JSON of a command."""
    command = [sys.executable, "-m", "ninefold", *words, "--json"]
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False, env={**os.environ, **variables})
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
def test_the_first_administrator_and_a_token_from_the_command_line(folder: Path) -> None:
    refused = cli(folder, "users", "add", "ben", given=PASSWORD)
    assert (refused[0], "administrator" in refused[1]["error"]["message"]) == (2, True)
    assert cli(folder, "users", "add", "ada", "--administrator", given="short\n")[0] == 2
    assert cli(folder, "users", "add", "ada", "--administrator")[0] == 2  # no password came
    code, made = cli(folder, "users", "add", "ada", "--administrator", "--email", "ada@example.org", given=PASSWORD + "\n")
    assert (code, made["roles"], made["password"]) == (0, {"*": ["administrator"]}, True)
    assert cli(folder, "users", "grant", "ada", "scientist")[0] == 2  # in which project?
    assert cli(folder, "users", "grant", "ada", "scientist", "--project", "flights")[0] == 0
    code, token = cli(folder, "tokens", "create", "--for", "ada", "--name", "job", "--project", "flights", "--expires", "never")
    assert token["token"].startswith("nf_")
    listed = json.dumps(cli(folder, "tokens", "list")[1])
    assert token["id"] in listed
    assert token["token"] not in listed
    assert cli(folder, "tokens", "revoke", token["id"])[0] == 0
    assert cli(folder, "tokens", "list") == (0, [])
    assert cli(folder, "users", "list")[1][0]["roles"] == {"*": ["administrator"], "flights": ["scientist"]}
    assert cli(folder, "users", "disable", "ada")[0] == 1  # the last administrator
    assert cli(folder, "users", "password", "ada", given="another horse entirely\n")[0] == 0
    assert cli(folder, "users", "revoke", "ada", "scientist", "--project", "flights")[0] == 0


@pytest.mark.slow
def test_other_machines_are_served_once_an_administrator_can_sign_in(folder: Path) -> None:
    code, refused = cli(folder, "up", "--host", "0.0.0.0", "--port", "0")
    assert (code, "no administrator" in refused["error"]["message"]) == (2, True)
    assert "ninefold users add" in refused["error"]["hint"]
    with Home(config.load(folder), "default") as home:
        accounts = Accounts(home.ledger)
        accounts.people.add("ada", kind="service")
        accounts.grants.give("ada", "administrator")
        token = accounts.tokens.create("ada", "x")[1]
    options = [
        "--host",
        "0.0.0.0",
        "--port",
        "0",
        "--allow-host",
        "ml.example.com",
        "--allow-origin",
        "https://shop.example.com",
        "--proxies",
        "127.0.0.1",
    ]
    command = [sys.executable, "-m", "ninefold", "up", "--json", *options]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(json.loads(server.stdout.readline())["url"].rpartition(":")[2])

        def ask(host: str, **headers: str) -> tuple[int, dict[str, str]]:
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", "/api/me", headers={"host": host, "authorization": f"Bearer {token}", **told})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders())

        assert ask("ml.example.com")[0] == ask(f"ml.example.com:{port}")[0] == ask(f"127.0.0.1:{port}")[0] == 200
        assert ask("evil.example")[0] == ask("ml.example.com.evil.example")[0] == ask("")[0] == 403
        assert ask("ml.example.com", authorization="")[0] == 401
        status, headers = ask("ml.example.com", origin="https://shop.example.com")
        assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example.com")
        assert ask("ml.example.com", origin="https://evil.example")[0] == 403
        server.terminate()
    code, wrong = cli(folder, "up", "--port", "0", "--proxies", "*")
    assert (code, "no address" in wrong["error"]["message"]) == (2, True)


def test_who_is_at_the_keyboard_is_whose_token_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NINEFOLD_TOKEN", raising=False)
    with Home(config.load(folder), "alpha") as home:
        assert (person(home), approver(home, None), approver(home, "ben")) == (author_name(), author_name(), "ben")
        accounts = Accounts(home.ledger)
        for name in ("ada", "ben"):
            accounts.people.add(name, kind="service")
        accounts.grants.give("ada", "administrator")
        accounts.grants.give("ben", "approver", "alpha")
        with pytest.raises(DeniedError, match="signed in"):  # from now on a name alone does not approve
            approver(home, "ben")
        monkeypatch.setenv("NINEFOLD_TOKEN", accounts.tokens.create("ada", "x")[1])
        assert person(home) == "ada"
        with pytest.raises(DeniedError, match="no approver"):  # an administrator is none
            approver(home, None)
        monkeypatch.setenv("NINEFOLD_TOKEN", accounts.tokens.create("ben", "x")[1])
        assert approver(home, None) == approver(home, "ben") == "ben"
        with pytest.raises(DeniedError, match="cannot approve as"):
            approver(home, "ada")
        monkeypatch.setenv("NINEFOLD_TOKEN", "nf_wrong")
        with pytest.raises(DeniedError, match="not known"):
            person(home)
