"""``users``: what was so already is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ninefold.accounts import Accounts
from ninefold.config import load
from ninefold.project.home import Home


def test_what_was_disabled_or_enabled_already_is_said(tmp_path: Path, ninefold: Callable[..., Any]) -> None:
    (tmp_path / "pyproject.toml").touch()
    with Home(load(tmp_path), "") as home:
        Accounts(home.ledger).people.add("ben", password=None)
    said = [ninefold("users", word, "ben", at=tmp_path).out for word in ("enable", "disable", "disable", "enable")]
    assert [text.strip() for text in said] == [
        "ben may sign in already",
        "ben is shut out; its tokens are revoked for good",
        "ben was shut out already",
        "ben may sign in again",
    ]
