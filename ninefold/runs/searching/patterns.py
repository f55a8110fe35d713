"""Patterns of texts and members of JSON: the few conditions that SQLite and Postgres write in different words; regular expressions."""

from collections.abc import Sequence

from ninefold.errors import UsageError
from ninefold.ledger import Ledger


class Patterns:
    """How one database writes a pattern, and a member of JSON.

    >>> Patterns("sqlite").like("x.value"), Patterns("sqlite").pattern("50%_*")
    ('x.value glob ?', '50*?[*]')
    """

    def __init__(self, name: str) -> None:
        self.sqlite = name == "sqlite"

    @classmethod
    def of(cls, ledger: Ledger) -> "Patterns":
        """That of a ledger's database."""
        return cls(ledger.driver.url.partition(":")[0])

    def like(self, column: str, *, fold: bool = False) -> str:
        """The comparison of a column with a pattern, told by ``pattern``; ``fold`` ignores case.

        SQLite's like knows no case of A to Z, its glob does; the pragma that changes like is deprecated, and silent where it is gone.
        """
        if self.sqlite:
            return f"{column} like ? escape '\\'" if fold else f"{column} glob ?"
        return f"{column} {'ilike' if fold else 'like'} ? escape '\\'"

    def pattern(self, text: str, *, fold: bool = False) -> str:
        """A pattern of ``%`` and ``_`` as the comparison takes it. A backslash is only itself."""
        if self.sqlite and not fold:
            return "".join(_GLOB.get(sign, sign) for sign in text)
        return text.replace("\\", "\\\\")

    def member(self, column: str) -> str:
        """A member, told by ``path``, of a column that holds a JSON object of texts."""
        return f"cast(json_extract({column}, ?) as text)" if self.sqlite else f"(cast({column} as json) ->> ?)"

    def path(self, key: str) -> str:
        """The name of a member, as ``member`` takes it."""
        if '"' in key:
            raise UsageError(f"there is no member {key!r}", hint="leave out the quotes", where="filter")
        return f'$."{key}"' if self.sqlite else key


_GLOB = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}


def matches(expression: str, texts: Sequence[str]) -> list[bool]:
    """Which texts a regular expression matches somewhere, in time proportional to their length (RE2: no back references).

    >>> matches("^a+$", ["aaa", "aab"])
    [True, False]
    """
    import pyarrow as pa
    from pyarrow import compute

    try:
        # one text at least: with none the expression would not be read, and a wrong one would seem to match nothing
        found: list[bool] = compute.match_substring_regex(pa.array(["", *texts], pa.string()), expression).to_pylist()[1:]
    except pa.ArrowInvalid as error:
        said = str(error).partition(": ")[2] or str(error)
        raise UsageError(f"the regular expression cannot be read: {said}", hint="RE2's syntax: no back references, no look-around") from None
    return found
