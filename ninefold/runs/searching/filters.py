"""What a search asks for, in values: comparisons that all have to hold, and an order. Grammars make them, statements are made of them."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from ninefold.errors import UsageError

Sign = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "rlike", "is null", "is not null", "within", "outside"
]  # fmt: skip
State = Literal["active", "deleted", "all"]

NUMERIC: frozenset[Sign] = frozenset({"=", "!=", "<", "<=", ">", ">="})
TEXT: frozenset[Sign] = frozenset({"=", "!=", "like", "ilike"})
LISTS: frozenset[Sign] = frozenset({"in", "not in"})
NULLS: frozenset[Sign] = frozenset({"is null", "is not null"})


class Field(msgspec.Struct, frozen=True):
    """What is compared: an ``attribute`` of the thing itself, or one of its labels (``param``, ``tag``, ``metric``, ...) by key.

    ``otherwise`` names an attribute that speaks where a thing does not have the label.
    """

    kind: str
    key: str
    otherwise: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """A field, a sign, and what it is compared with.

    ``in`` takes a tuple; ``within`` and ``outside`` take a tuple of two numbers, the first of which belongs to the span;
    ``like`` knows ``%`` and ``_``, and a backslash is only itself. A thing without the label meets no comparison but
    ``is null``, unless ``missing`` says that it meets this one.
    """

    field: Field
    sign: Sign
    value: str | int | float | tuple[str | int | float, ...] | None = None
    missing: bool = False


class Order(msgspec.Struct, frozen=True):
    """A field to order by. What is no number comes after the numbers and what is missing last, in both directions.

    ``on`` restricts a metric to those measured on a dataset: its name, and its digest or an empty text.
    """

    field: Field
    descending: bool = False
    on: tuple[str, str] | None = None


def check_order(order: Sequence[Order]) -> None:
    """UsageError where a field is named twice.

    >>> check_order([Order(Field("metric", "auc")), Order(Field("metric", "auc"), descending=True)])
    Traceback (most recent call last):
    ninefold.errors.UsageError: order: the order names "metric.auc" twice
    """
    seen: set[tuple[Field, tuple[str, str] | None]] = set()
    for term in order:
        if (term.field, term.on) in seen:
            raise UsageError(f'the order names "{term.field.kind}.{term.field.key}" twice', hint="name each field once", where="order")
        seen.add((term.field, term.on))


def holds(sign: Sign, left: Any, right: Any) -> bool:
    """Whether a comparison with a plain value holds: for the few values that are compared before a statement is made.

    >>> holds("like", "done", "do%"), holds("in", "a", ("a", "b")), holds("!=", 1, 1)
    (True, True, False)
    """
    return _PLAIN[sign](left, right)


def like(text: str, pattern: str, *, fold: bool = False) -> bool:
    """Whether a text is like a pattern: ``%`` is any text, ``_`` any character; ``fold`` ignores the case of A to Z.

    >>> like("50% off", "50%"), like("Trees", "tr__s"), like("Trees", "TREES", fold=True)
    (True, False, True)
    """
    if fold:
        text, pattern = _folded(text), _folded(pattern)
    at = place = 0
    star, back = -1, 0
    while at < len(text):  # greedy with one way back: the time is at most the product of both lengths
        if place < len(pattern) and pattern[place] == "%":
            star, back, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in {"_", text[at]}:
            at, place = at + 1, place + 1
        elif star >= 0:
            back += 1
            at, place = back, star + 1
        else:
            return False
    return not pattern[place:].strip("%")


_CASES = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _folded(text: str) -> str:
    return text.translate(_CASES)


_PLAIN: dict[Sign, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "like": like,
    "ilike": lambda left, right: like(left, right, fold=True),
}
