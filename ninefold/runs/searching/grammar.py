"""Reading a filter such as ``metrics.auc > 0.7 and tags.team = 'north'`` in the words of a vocabulary.

Comparisons joined by AND. A key may stand in backticks or quotes, a text in single or double quotes (doubled, a quote is
itself), a list in parentheses. The time is proportional to the length, and both are bounded.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, cast

from ninefold.errors import UsageError, closest
from ninefold.runs.searching.filters import LISTS, NULLS, TEXT, Comparison, Field, Order, Sign, check_order

LONGEST = 64 << 10  # characters of a filter
CLAUSES = 100
PATTERN = 8000  # characters of a pattern; databases refuse much longer ones
ORDERS = 20
EXPRESSION = 1000  # characters of a regular expression

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<name>(?:[A-Za-z_]\w*|`[^`]*`)(?:\.(?:`[^`]*`|"[^"]*"|'[^']*'|[\w\-/:@$][\w.\-/:@$]*))?)
    | (?P<text>'[^']*(?:''[^']*)*' | "[^"]*(?:""[^"]*)*")
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<infinity>[+-](?:inf|infinity|INF|Infinity|INFINITY)\b)
    | (?P<sign><=|>=|!=|<>|==|=|<|>)
    | (?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_SIGNS: dict[str, Sign] = {"==": "=", "<>": "!="}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_LABELS = {"metric": "metric", "param": "parameter", "tag": "tag"}
_INFINITY = {"inf", "infinity"}
_WORDS = {"and", "or", "not", "in", "is", "null", "like", "ilike", "rlike", "asc", "desc"}

Read = Callable[[Sign, Any], Sequence[Comparison]]


@dataclass(frozen=True)
class Attribute:
    """An attribute that a vocabulary knows: our name for it, the signs it takes, and how its values are read, where they differ."""

    name: str
    signs: frozenset[Sign] = TEXT | LISTS
    numeric: bool = False
    read: Read | None = None
    quoted: bool = False  # whole numbers may stand in quotes too


@dataclass(frozen=True)
class Labels:
    """A kind of label: what it is called here, the signs it takes; ``keys`` where only those are known (with a dot at its end, a beginning).

    ``renamed`` gives a key as written and the field that it means; ``otherwise`` the attribute that speaks where a label is not there.
    """

    kind: str
    signs: frozenset[Sign] = TEXT | NULLS
    numeric: bool = False
    keys: tuple[str, ...] = ()
    either: bool = False  # a text or a number
    renamed: Mapping[str, Field] = made(default_factory=dict)
    otherwise: Mapping[str, str] = made(default_factory=dict)

    def field(self, key: str) -> Field:
        """The field that a key means."""
        return self.renamed.get(key) or Field(self.kind, key, self.otherwise.get(key, ""))


@dataclass(frozen=True)
class Vocabulary:
    """The words of one noun in one language: its attributes and labels as they are written.

    ``prefixes`` may stand before an attribute. ``absent`` says what a label counts as where a thing does not have it.
    ``plain`` takes texts without quotes, for people at a command line.
    """

    noun: str
    attributes: Mapping[str, Attribute]
    labels: Mapping[str, Labels] = made(default_factory=dict)
    prefixes: tuple[str, ...] = ("attribute", "attributes", "attr")
    absent: Mapping[str, str] = made(default_factory=dict)
    orders: Mapping[str, str] | None = None  # what may be ordered by, as written, and our name; by default every attribute
    order_labels: tuple[str, ...] = ()  # kinds of labels that may be ordered by
    plain: bool = False


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def read_filter(text: str | None, vocabulary: Vocabulary) -> list[Comparison]:
    """The comparisons of a filter, all of which have to hold; none where it is empty. UsageError names the place.

    >>> from ninefold.runs.searching.filters import NUMERIC
    >>> words = Vocabulary("runs", {"name": Attribute("name")}, {"metrics": Labels("metric", NUMERIC, numeric=True)})
    >>> [(c.field.key, c.sign, c.value) for c in read_filter("metrics.auc >= 0.7 AND name LIKE 'tree%'", words)]
    [('auc', '>=', 0.7), ('name', 'like', 'tree%')]
    >>> read_filter("metrics.auc = 'high'", words)
    Traceback (most recent call last):
    ninefold.errors.UsageError: filter, character 15: metrics.auc is a number, it is compared with 'high'
    """
    return _Reader(text or "", vocabulary, "filter").filter()


def read_order(clauses: Sequence[str], vocabulary: Vocabulary, what: str = "order_by") -> list[Order]:
    """The order of clauses such as ``metrics.auc DESC``; ``what`` is what the caller calls it. UsageError where one cannot be read or a
    field comes twice.

    >>> words = Vocabulary("runs", {"created": Attribute("started")})
    >>> [(term.field.key, term.descending) for term in read_order(["created desc"], words)]
    [('started', True)]
    """
    if len(clauses) > ORDERS:
        raise UsageError(f"the order has {len(clauses)} clauses", hint=f"give at most {ORDERS}", where=what)
    order = [_Reader(clause, vocabulary, what).order() for clause in clauses]
    check_order(order)
    return order


class _Reader:
    def __init__(self, text: str, vocabulary: Vocabulary, what: str) -> None:
        self.words, self.what, self.text, self.place = vocabulary, what, text, 0
        if len(text) > LONGEST:
            raise UsageError(f"it has {len(text)} characters", hint=f"give at most {LONGEST}", where=what)
        if "\0" in text or (not text.isascii() and re.search("[\ud800-\udfff]", text)):
            raise UsageError("it holds characters that are no text", hint="leave out NUL and halves of surrogate pairs", where=what)
        self.tokens = self._split()

    def _split(self) -> list[_Token]:
        tokens, at, end = list[_Token](), 0, len(self.text.rstrip())
        while at < end:
            found = _TOKEN.match(self.text, at)
            if found is None or found.lastgroup is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                unclosed = self.text[at] in "'\"`"
                hint = "close the quote" if unclosed else "write comparisons joined by AND, texts in quotes, unusual keys in `backticks`"
                raise self._wrong(f"{self.text[at : at + 20]!r} cannot be read", hint, at)
            kind = found.lastgroup
            tokens.append(_Token(kind, found[kind], found.start(kind)))
            at = found.end()
        return tokens

    def filter(self) -> list[Comparison]:
        """Comparisons joined by AND."""
        found, clauses = list[Comparison](), 0
        while self.place < len(self.tokens):
            if clauses:
                self._word("and", f"filters on {self.words.noun} are comparisons joined by AND; OR and parentheses are not known")
            clauses += 1
            if clauses > CLAUSES:
                raise UsageError(f"it has more than {CLAUSES} comparisons", hint="search in several steps", where=self.what)
            found += self._comparison()
        return found

    def order(self) -> Order:
        """A field and a direction."""
        name = self._next("a field to order by")
        known = self.words.orders if self.words.orders is not None else {word: attribute.name for word, attribute in self.words.attributes.items()}
        kind, key = self._identifier(name, {"text"} if not self.words.plain else set())
        if kind == "attribute":
            if key not in known:
                raise self._wrong(f'{self.words.noun} cannot be ordered by "{key}"', self._fields(key, known, self.words.order_labels), name.at)
            found = Field(kind, known[key])
        else:
            if self.words.labels[kind].kind not in self.words.order_labels:
                raise self._wrong(f'{self.words.noun} cannot be ordered by "{name.text}"', self._fields(key, known, self.words.order_labels), name.at)
            found = self.words.labels[kind].field(key)
        way = self._next("ASC or DESC") if self.place < len(self.tokens) else _Token("name", "asc", 0)
        if way.text.lower() not in {"asc", "desc"} or self.place < len(self.tokens):
            raise self._wrong(f"{self.text[way.at :][:40]!r} follows the field", "write a field, then ASC or DESC or nothing", way.at)
        return Order(found, descending=way.text.lower() == "desc")

    # pieces

    def _comparison(self) -> Sequence[Comparison]:
        name = self._next("a field to compare")
        kind, key = self._identifier(name, set())
        at = self.tokens[self.place].at if self.place < len(self.tokens) else len(self.text)
        sign = self._sign()
        if kind == "attribute":
            attribute = self.words.attributes.get(key)
            if attribute is None:
                raise self._wrong(f'{self.words.noun} have no attribute "{key}"', self._meant(key), name.at)
            self._check(sign, attribute.signs, name.text, at)
            value = self._value(sign, name.text, numeric=attribute.numeric, quoted=attribute.quoted)
            if attribute.read is not None:
                return self._told(attribute.read, sign, value, at)
            return [Comparison(Field(kind, attribute.name), sign, value)]
        labels = self.words.labels[kind]
        if (
            labels.keys
            and key not in labels.keys
            and not any(known.endswith(".") and key.startswith(known) and key != known for known in labels.keys)
        ):
            raise self._wrong(f'{kind} has no "{key}"', closest(key, labels.keys), name.at)
        self._check(sign, labels.signs, name.text, at)
        value = self._value(sign, name.text, numeric=labels.numeric, either=labels.either)
        return [Comparison(labels.field(key), sign, value, self._missing(key, sign, value))]

    def _missing(self, key: str, sign: Sign, value: Any) -> bool:
        from_absent = self.words.absent.get(key)
        return from_absent is not None and ((sign == "=" and value == from_absent) or (sign == "!=" and value != from_absent))

    def _told(self, read: Read, sign: Sign, value: Any, at: int) -> Sequence[Comparison]:
        try:
            return read(sign, value)
        except UsageError as error:
            raise self._wrong(error.message, error.hint, at) from None

    def _identifier(self, token: _Token, also: set[str]) -> tuple[str, str]:
        """``attribute`` or the prefix of a label as written, and the key."""
        if token.kind != "name" and token.kind not in also:
            raise self._wrong(f"{token.text!r} is no field", f"name one, such as {self._examples()}", token.at)
        if token.text[0] == "`":
            end = token.text.index("`", 1)
            first, rest = token.text[1:end], token.text[end + 2 :]
            dotted = len(token.text) > end + 1
        else:
            first, dot, rest = token.text.partition(".")
            dotted = bool(dot)
        if not dotted:
            return "attribute", first.strip("\"'")
        key = rest[1:-1] if len(rest) > 1 and rest[0] == rest[-1] and rest[0] in "`\"'" else rest
        if not key:
            raise self._wrong(f"{token.text!r} names no key", f"name one, such as {self._examples()}", token.at)
        if first in self.words.prefixes:
            return "attribute", key
        if first not in self.words.labels:
            hint = closest(first, [*self.words.labels, *self.words.prefixes])
            raise self._wrong(f'{self.words.noun} have no "{first}"', hint, token.at)
        return first, key

    def _sign(self) -> Sign:
        token = self._next("a comparison")
        if token.kind == "sign":
            return _SIGNS.get(token.text, cast("Sign", token.text))
        word = token.text.lower()
        if word == "not":
            self._word("in", "after NOT comes IN and a list")
            return "not in"
        if word == "is":
            negated = self.place < len(self.tokens) and self.tokens[self.place].text.lower() == "not"
            self.place += negated
            self._word("null", "after IS comes NULL or NOT NULL")
            return "is not null" if negated else "is null"
        if word in {"in", "like", "ilike", "rlike"}:
            return cast("Sign", word)
        raise self._wrong(f"{token.text!r} is no comparison", "write one of = != < <= > >= LIKE ILIKE IN NOT IN IS NULL", token.at)

    def _value(self, sign: Sign, name: str, *, numeric: bool, either: bool = False, quoted: bool = False) -> Any:
        if sign in NULLS:
            return None
        if sign in LISTS:
            return self._list(name)
        token = self._next("a value")
        if either and token.kind in {"number", "infinity"}:
            return _number(token.text)
        if numeric:
            if quoted and token.kind == "text" and _WHOLE.fullmatch(token.text[1:-1]):
                return _number(token.text[1:-1])
            if token.kind not in {"number", "infinity"} and not (token.kind == "name" and token.text.lower() in _INFINITY):
                hint = "NaN equals nothing; != finds it too" if token.text.lower() == "nan" else "give a number without quotes"
                raise self._wrong(f"{name} is a number, it is compared with {token.text}", hint, token.at)
            return _number(token.text)
        value = self._text(token, name)
        if sign in {"like", "ilike"} and len(value) > PATTERN:
            raise self._wrong(f"the pattern has {len(value)} characters", f"give at most {PATTERN}", token.at)
        if sign == "rlike" and len(value) > EXPRESSION:
            raise self._wrong(f"the regular expression has {len(value)} characters", f"give at most {EXPRESSION}", token.at)
        return value

    def _text(self, token: _Token, name: str) -> str:
        if token.kind == "text":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if self.words.plain and (token.kind == "number" or (token.kind == "name" and token.text.lower() not in _WORDS)):
            return token.text.strip("`")
        raise self._wrong(f"{name} is a text, it is compared with {token.text}", "put the text in 'single' or \"double\" quotes", token.at)

    def _list(self, name: str) -> tuple[str, ...]:
        opening = self._next("a list")
        if opening.text != "(" or opening.kind != "mark":
            raise self._wrong(f"{opening.text!r} is no list", "write it in parentheses: ('a', 'b')", opening.at)
        values = list[str]()
        while True:
            token = self._next("a text or )")
            if token.kind == "mark" and token.text == ")":
                if not values:
                    raise self._wrong(f"{name} is compared with an empty list", "name one text at least: ('a', 'b')", token.at)
                return tuple(values)
            values.append(self._text(token, name))
            mark = self._next(", or )")
            if mark.kind != "mark" or mark.text == "(":
                raise self._wrong(f"{mark.text!r} stands in a list", "separate texts by commas and end the list with )", mark.at)
            if mark.text == ")":
                return tuple(values)

    def _check(self, sign: Sign, known: frozenset[Sign], name: str, at: int) -> None:
        if sign not in known:
            raise self._wrong(f"{name} cannot be compared by {sign.upper()}", f"write one of {' '.join(sorted(known)).upper()}", at)

    def _word(self, word: str, hint: str) -> None:
        token = self._next(word.upper())
        if token.kind != "name" or token.text.lower() != word:
            raise self._wrong(f"{token.text!r} stands where {word.upper()} was expected", hint, token.at)

    def _next(self, expected: str) -> _Token:
        if self.place >= len(self.tokens):
            raise self._wrong(
                f"it ends where {expected} was expected", f"name a field, such as {self._examples()}, a comparison and a value", len(self.text)
            )
        self.place += 1
        return self.tokens[self.place - 1]

    def _examples(self) -> str:
        return ", ".join([*list(self.words.attributes)[:2], *(f"{prefix}.KEY" for prefix in list(self.words.labels)[:2])])

    def _fields(self, name: str, known: Mapping[str, Any], kinds: Sequence[str]) -> str:
        labels = [f"{prefix}.KEY" for prefix, labels in self.words.labels.items() if labels.kind in kinds]
        return closest(name, known) + (f"; or {', '.join(labels)}" if labels else "")

    def _meant(self, key: str) -> str:
        """A hint where a label was written without what says which kind it is."""
        prefixes: dict[str, str] = {}
        for prefix, labels in self.words.labels.items():
            prefixes.setdefault(labels.kind, prefix)
        labelled = [f"a {word} is {prefixes[kind]}.{key}" for kind, word in _LABELS.items() if kind in prefixes]
        return "; ".join([closest(key, self.words.attributes), *labelled])

    def _wrong(self, message: str, hint: str, at: int) -> UsageError:
        return UsageError(message, hint=hint, where=f"{self.what}, character {at + 1}")


def _number(text: str) -> int | float:
    whole = text.lstrip("+-").isdigit() and len(text) < 20 and abs(int(text)) < 1 << 63
    return int(text) if whole else float(text)
