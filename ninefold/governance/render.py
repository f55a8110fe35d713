"""A document as Markdown and as HTML: the same structure, said twice."""

import re
from functools import cache
from typing import Any

from ninefold.governance.document import Document, Grid, Line, Section

# what would become code, emphasis, a link, a cell or a quotation
_MARKS = re.compile(r"[\\`*|]|(?<!\w)_|_(?!\w)|(?<=\])[(\[]|^[>#+-]")
NOT_RECORDED = "Not recorded"
FACTS = "Facts"


def markdown(document: Document) -> str:
    """The document as Markdown. Numbers like ``[#12]`` name facts; the last table lists them with their digests."""
    lines = [f"# {document.title}", "", f"{document.about}. {vouched(document)}", ""]
    for section in document.sections:
        if section.parts:
            lines += [f"## {section.title}", "", *_parts(section)]
    if document.missing:
        lines += [f"## {NOT_RECORDED}", "", *(f"- {title}: {what}" for title, what in document.missing), ""]
    lines += [f"## {FACTS}", "", *_table(["fact", "at", "kind", "subject", "by", "digest"], _cited(document), ()), ""]
    return "\n".join(lines)


def vouched(document: Document) -> str:
    """What vouches for it, in a sentence."""
    return f"Every sentence names its facts; written from {document.head} facts with root {document.root}. To check them: ninefold audit verify."


def _parts(section: Section) -> list[str]:
    lines: list[str] = []
    for part in section.parts:
        if isinstance(part, Line):
            lines += [f"{_escaped(part.text)} {marks(part.facts)}", ""]
        else:
            lines += [*_table([*part.headers, "facts"], [[*map(_escaped, r.cells), marks(r.facts)] for r in part.rows], part.right), ""]
    return lines


def marks(facts: tuple[int, ...]) -> str:
    """The numbers of facts as they stand in a text; long rows of them are cut in the middle.

    >>> marks((3, 12))
    '[#3] [#12]'
    """
    shown = facts if len(facts) <= 6 else (*facts[:3], *facts[-2:])
    return " ".join(f"[#{n}]" for n in shown)


def _cited(document: Document) -> list[list[str]]:
    return [[f"#{f.seq}", f.at, f.kind, _escaped(f.subject), _escaped(f.actor), f"`{f.digest}`"] for f in document.facts]


def _table(headers: list[str], rows: list[list[str]], right: tuple[int, ...]) -> list[str]:
    rule = ["---:" if i in right else "---" for i in range(len(headers))]
    return [f"| {' | '.join(cells)} |" for cells in (headers, rule, *rows)]


def _escaped(text: str) -> str:
    r"""Text that Markdown shows as it is; what reads well either way is left alone.

    >>> _escaped("a|b <script> origin_load [0.1, 0.2]")
    'a\\|b &lt;script> origin_load [0.1, 0.2]'
    """
    text = _MARKS.sub(r"\\\g<0>", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")


def html(document: Document) -> str:
    """The document as one HTML page without anything from elsewhere; in light and dark, and on paper."""
    text: str = _template().render(document=document, vouched=vouched(document), is_grid=lambda part: isinstance(part, Grid))
    return text


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # an engine: only where HTML is asked for

    environment = Environment(
        loader=PackageLoader("ninefold.governance"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("document.html.j2")
