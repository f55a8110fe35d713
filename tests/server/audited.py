"""``ninefold`` whose interpreter tells a file what no request may bring about: classes unpickled, programs, connections, files elsewhere."""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from ninefold.cli import main

_ALWAYS = {
    "pickle.find_class",
    "os.system",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.connect",
    "socket.sendto",
    "os.symlink",
}
_FILES = {"open", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree", "os.listdir", "os.scandir", "os.link"}
# the interpreter's own, the project's, and where anchors of ledgers lie
_OURS = [
    sys.prefix,
    sys.base_prefix,
    sysconfig.get_paths()["stdlib"],
    str(Path(__file__).parents[2]),
    os.environ.get("XDG_STATE_HOME", "/none"),
    "/proc/",
    "/dev/",
    "/sys/",
]


def watch(to: str, folder: str) -> None:
    """From now on."""
    out = os.open(to, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    ours = (*_OURS, folder)

    def told(event: str, args: tuple[Any, ...]) -> None:
        if event in _ALWAYS or (event in _FILES and _elsewhere(args[0] if args else "", ours)):
            os.write(out, f"{event} {args!r:.300}\n".encode("utf-8", "backslashreplace"))

    sys.addaudithook(told)


def _elsewhere(path: Any, ours: tuple[str, ...]) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False  # a descriptor, which was opened before
    return not os.path.abspath(os.fsdecode(path)).startswith(ours)


if __name__ == "__main__":
    watch(os.environ["AUDIT"], os.getcwd())
    main()
