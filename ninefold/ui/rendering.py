"""From a page's data to HTML."""

from typing import Any

import jinja2
import msgspec
from markupsafe import Markup

from ninefold import __version__
from ninefold.errors import NinefoldError
from ninefold.ui import wording
from ninefold.ui.code import marked
from ninefold.ui.pictures import Pictures
from ninefold.ui.static_files import path_of
from ninefold.ui.times import Times
from ninefold.ui.views.frame import Frame


class Renderer:
    """The templates, compiled once."""

    def __init__(self) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.PackageLoader("ninefold.ui"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self.environment.globals |= {
            **{
                name: getattr(wording, name)
                for name in ("number", "measured", "share", "size", "span", "interval", "plural", "several", "short", "comparison", "release_state")
            },
            "code": marked,
            "static": path_of,
            "version": __version__,
            "cell": cell,
            "pretty": pretty,
            "did": did,
        }

    def page(self, template: str, page: Any, frame: Frame) -> str:
        """The HTML of a page."""
        times = Times(frame.tz)

        def link(path: str) -> str:
            return frame.prefix + path

        return self.environment.get_template(template).render(
            page=page, frame=frame, times=times, when=times.markup, link=link, pictures=Pictures(times, link)
        )

    def plain(self, template: str, page: Any, *, who: str, manages: bool) -> str:
        """A page that belongs to no project: accounts. ``who`` is signed in, ``manages`` whether it may manage the others."""
        return self.environment.get_template(template).render(page=page, who=who, manages=manages, when=Times("UTC").markup)

    def bare(self, error: NinefoldError, status: int) -> str:
        """An error as a page of its own. A hint that lists addresses is for programs."""
        hint = "" if error.hint.startswith("there is: ") else error.hint
        page = {"title": _TITLES.get(status, "Not possible"), "status": status, "message": error.message, "hint": hint}
        return self.environment.get_template("bare.html").render(page=page)


_TITLES = {401: "Sign in", 403: "Not allowed", 404: "Not found"}
_DID = {
    "retrain": "a retraining was started",
    "rollback": "the version before was brought back",
    "ask": "somebody was asked",
    "hold": "the batch was held",
    "tell": "the owner was told",
}


def did(action: str) -> str:
    """What an incident's action means."""
    return _DID.get(action, action)


def cell(value: Any) -> str:
    """A value of somebody's data, short."""
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()[:200]
    return wording.number(value) if not isinstance(value, str) else value[:200]


def pretty(value: Any, longest: int = 12_000) -> Markup | str:
    """JSON to be read; cut where it is very long."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return text if len(text) <= longest else text[:longest] + f"\n… {len(text) - longest:,} more characters: see the JSON"
