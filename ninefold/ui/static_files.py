"""The style sheet and the script, served under names with their digests: browsers keep them for good."""

from functools import cache
from importlib.resources import files

from ninefold.errors import NotFoundError
from ninefold.ids import digest
from ninefold.web.call import Answer

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
NAMES = ("ninefold.css", "ninefold.js", "ninefold.svg")
_KEEP = {"cache-control": "public, max-age=31536000, immutable"}


@cache
def _content(name: str) -> tuple[bytes, str]:
    data = (files("ninefold.ui") / "static" / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return data, f"{stem}.{digest(data)[:12]}.{ending}"


def path_of(name: str) -> str:
    """Where a static file is served: a name that changes with its content."""
    return f"/-/static/{_content(name)[1]}"


def answer(called: str) -> Answer:
    """The file of a path's last segment. NotFoundError for another name, or the name of another release's content."""
    for name in NAMES:
        data, full = _content(name)
        if called == full:
            return Answer(data, type=TYPES[name.rpartition(".")[2]], headers=_KEEP)
    raise NotFoundError(f"there is no file {called[:80]}", hint="load the page again")
