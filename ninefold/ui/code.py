"""Python text with its comments, texts and keywords marked, to be read on a page."""

import io
import keyword
import tokenize

from markupsafe import Markup, escape

_KINDS = {tokenize.COMMENT: "c", tokenize.STRING: "s"}


def marked(text: str) -> Markup:
    """The text as markup, every character of it escaped; text that is no Python is only escaped.

    >>> marked('x = "<b>"  # why')
    Markup('x = <span class="s">&#34;&lt;b&gt;&#34;</span>  <span class="c"># why</span>')
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return escape(text)
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, at = [], 0
    for token in tokens:
        kind = _KINDS.get(token.type) or ("k" if token.type == tokenize.NAME and keyword.iskeyword(token.string) else "")
        if not kind:
            continue
        start, end = starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1]
        pieces += [escape(text[at:start]), Markup('<span class="{}">{}</span>').format(kind, text[start:end])]
        at = end
    return Markup("").join([*pieces, escape(text[at:])])
