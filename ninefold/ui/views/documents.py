"""A model's card and an endpoint's release report as pages: every sentence leads to the facts that it stands on."""

import msgspec

from ninefold.errors import NotFoundError
from ninefold.governance.card import card
from ninefold.governance.document import Document, Line
from ninefold.governance.render import vouched
from ninefold.governance.report import release_report
from ninefold.ui.reading import Reading


class Told(msgspec.Struct):
    """A row of a table with its facts."""

    cells: list[str]
    facts: list[int]


class Part(msgspec.Struct):
    """A sentence with its facts, or (``headers``) a table; ``right`` are its columns of numbers."""

    text: str = ""
    facts: list[int] = []
    headers: list[str] = []
    rows: list[Told] = []
    right: list[int] = []


class Chapter(msgspec.Struct):
    """A heading with what it says; ``missing`` is what it should say and no fact tells."""

    title: str
    parts: list[Part]
    missing: list[str]


class DocumentPage(msgspec.Struct):
    """A document. ``over`` and ``path`` are the page it belongs to, ``command`` writes it to a file."""

    title: str
    about: str
    vouched: str
    over: str
    path: str
    command: str
    chapters: list[Chapter]


def model_card(reading: Reading, name: str, version: str) -> DocumentPage:
    """The card of a model's version. Raises NotFoundError."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NotFoundError(f"the model {name} has no version {version[:60]}", hint="versions are whole numbers")
    made = reading.kept(("card", name, version), lambda: card(reading.home, name, int(version)))
    return _page(made, f"{name} version {version}", f"/models/{name}/{version}", f"ninefold card {name}@{version}")


def report(reading: Reading, name: str) -> DocumentPage:
    """The release report of an endpoint. Raises NotFoundError."""
    made = reading.kept(("report", name), lambda: release_report(reading.home, name))
    return _page(made, name, f"/endpoints/{name}", f"ninefold card --release {name}")


def _page(made: Document, over: str, path: str, command: str) -> DocumentPage:
    chapters = [Chapter(s.title, [_part(p) for p in s.parts], list(s.missing)) for s in made.sections if s.parts or s.missing]
    return DocumentPage(made.title, made.about, vouched(made), over, path, command, chapters)


def _part(part: object) -> Part:
    if isinstance(part, Line):
        return Part(part.text, list(part.facts))
    assert hasattr(part, "headers")
    return Part("", [], list(part.headers), [Told(list(r.cells), list(r.facts)) for r in part.rows], list(part.right))  # type: ignore[attr-defined]
