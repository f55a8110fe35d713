"""Texts that clients gave, as a terminal may show them: what would steer it, or order them otherwise than they are read, is written out."""

import re

# C0 and C1, what breaks a line or turns the direction of reading, and halves of surrogate pairs, which cannot be written
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, *, keep: str = "") -> str:
    r"""The text with control characters as ``\xNN`` and ``\uNNNN``, but for those in ``keep``.

    >>> print(visible("\x1b[31mred\n\u202egnp.exe"), visible("two\nlines", keep="\n"))
    \x1b[31mred\x0a\u202egnp.exe two
    lines
    """
    if text.isprintable():  # nearly always, and fast
        return text
    return _STEERING.sub(lambda found: found[0] if found[0] in keep else _written(ord(found[0])), text)


def visible_lines(text: str) -> str:
    """A text of ours with texts of others in it: its lines and tabs stay."""
    return visible(text, keep="\n\t")


def cut(text: str, most: int) -> str:
    """At most that many characters, the last of them an ellipsis where some are missing.

    >>> cut("trees", 5), cut("a wood", 5)
    ('trees', 'a wo…')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
