"""SQL as SQL: named statements in a ``.sql`` file beside the records that use them."""

import re
from pathlib import Path

from ninefold.errors import NotFoundError, closest

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


class Statements:
    r"""The statements of one file, by name: each begins with a line ``-- name: NAME``.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "x.sql"
    >>> _ = path.write_text("-- name: one\nselect 1;\n-- name: two\nselect 2;\n")
    >>> Statements(path)["two"]
    'select 2'
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _, *parts = _NAME.split(path.read_text("utf-8"))
        self._texts = {name: text.strip().rstrip(";") for name, text in zip(parts[::2], parts[1::2], strict=True)}

    def __getitem__(self, name: str) -> str:
        """The text of a statement; NotFoundError with the nearest name."""
        if name not in self._texts:
            raise NotFoundError(f'{self._path.name} has no statement "{name}"', hint=closest(name, self._texts))
        return self._texts[name]
