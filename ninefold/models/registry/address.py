"""Where a registered version is named: ``models:/churn@champion``, ``models:/churn/3``."""

import re
from typing import NamedTuple

from ninefold.errors import DeclarationError

_FORM = re.compile(r"models:/([^/:@]+)(?:/([1-9][0-9]{0,8})|@([\w\-]+))")


class Address(NamedTuple):
    """A model's name, and a version's number or an alias."""

    name: str
    version: int | None
    alias: str | None

    def __str__(self) -> str:
        return f"models:/{self.name}" + (f"/{self.version}" if self.alias is None else f"@{self.alias}")


def address(text: str) -> Address:
    """The parts of an address. Raises DeclarationError with the forms that there are.

    >>> address("models:/churn@champion"), str(address("models:/churn/3"))
    (Address(name='churn', version=None, alias='champion'), 'models:/churn/3')
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise DeclarationError(f'"{text}" names no registered version', hint='write "models:/churn@champion" or "models:/churn/3"')
    return Address(found[1], int(found[2]) if found[2] else None, found[3])
