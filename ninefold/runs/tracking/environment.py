"""In what a run happens: Python, the machine, the packages that are installed."""

import os
import platform
import sys
from typing import Any

_SUFFIXES = (".dist-info", ".egg-info")


def brief() -> dict[str, str]:
    """The tags that every run has."""
    return {"environment.python": platform.python_version(), "environment.platform": sys.platform, "environment.host": platform.node()}


def full() -> dict[str, Any]:
    """Python, machine and packages, for a file of the run. About a millisecond for a hundred packages."""
    return {
        "python": sys.version,
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Name and version of each installed package, from the names of the folders of its metadata: reading these takes fifty times as long.

    >>> "msgspec" in packages()
    True
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue  # a path that is an archive, or not there
        for name in names:
            stem, suffix = os.path.splitext(name)
            package, dash, version = stem.partition("-")
            if suffix in _SUFFIXES and dash:
                found.setdefault(package.replace("_", "-").lower(), version.partition("-py")[0])
    return dict(sorted(found.items()))
