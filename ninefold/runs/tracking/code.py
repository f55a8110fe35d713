"""Which code a run is of: the script with its arguments, and the commit that it lies in, with what is not committed."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ninefold.logs import redacted

_NAMED = re.compile(r"(?i)(pass(word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|credential|private[-_]?key|auth)")
_SECONDS = 20.0  # for git; a diff of a large working copy takes a while


def script() -> str:
    """The path of the script that Python was started with; empty in a notebook or at a prompt."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(main) if main else ""


def arguments(given: Sequence[str]) -> str:
    """A command line's arguments with ``***`` in the place of what their names say to be secret.

    >>> arguments(["--rate", "0.1", "--api-key", "abc", "--token=xyz", "DB_PASSWORD=hunter2"])
    '--rate 0.1 --api-key *** --token=*** DB_PASSWORD=***'
    """
    shown, hidden = [], False
    for one in given:
        name, sign, _ = one.partition("=")
        if hidden and not one.startswith("-"):
            shown.append("***")
            hidden = False
            continue
        hidden = bool(_NAMED.search(name)) and one.startswith("-") and not sign
        shown.append(f"{name}=***" if sign and _NAMED.search(name) else redacted(one))
    return " ".join(shown)


def commit(folder: Path) -> dict[str, str]:
    """Commit and branch of the repository that a folder lies in, the digest of what is not committed, and how many files; or nothing."""
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return {}
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    changed = [line for line in _git(folder, "status", "--porcelain", "--untracked-files=no").splitlines() if line]
    said = {"code.commit": head, "code.branch": branch}
    if changed:
        said |= {
            "code.changes": hashlib.sha256(_git(folder, "diff", "HEAD", "--binary").encode()).hexdigest(),
            "code.changed_files": str(len(changed)),
        }
    return {key: value for key, value in said.items() if value}


def _git(folder: Path, *what: str) -> str:
    """What git answers, empty where there is no git or no repository. It changes nothing, and asks nobody."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603  our own words
            ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *what],  # noqa: S607  git is where the user has it
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
