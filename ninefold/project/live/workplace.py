"""Where a deployment was made: the git commit and what was not committed, the Python, the packages that the project had loaded."""

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from ninefold.engine.packages import distribution_of, is_standard

MOST_FILES = 50


def workplace(root: Path) -> dict[str, Any]:
    """``commit`` (null outside of a repository), ``uncommitted`` (files below ``root``), ``python``, ``packages`` by name."""
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".") if commit else None
    files = sorted(line[3:] for line in (changed or "").splitlines())
    found: dict[str, Any] = {"commit": commit.strip() if commit else None, "uncommitted": files[:MOST_FILES]}
    if len(files) > MOST_FILES:
        found["uncommitted_more"] = len(files) - MOST_FILES
    return {**found, "python": platform.python_version(), "packages": packages()}


def packages() -> dict[str, str]:
    """The installed distributions of every module that is loaded, with their versions."""
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    known = [distribution_of(top) for top in sorted(tops) if not top.startswith("_") and not is_standard(top)]
    return dict(sorted(found for found in known if found is not None))


def _git(root: Path, *words: str) -> str | None:
    """What git says, or None where there is no git, or no repository."""
    try:
        # the user's own repository; no hook and no pager runs for these words
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
