"""Answers by the client's key: the same request again gets the same answer, and is logged once."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import msgspec

from ninefold.errors import ConflictError, UsageError
from ninefold.ids import digest

LONGEST_KEY = 200
KEPT = 100_000


class Retry(msgspec.Struct, frozen=True):
    """What the log keeps beside an answer whose question came with a key: the question's digest, whether it was one of a list."""

    key: str
    question: str
    several: bool
    answer: Any


class Given(msgspec.Struct):
    """What a key was answered: the digest of the question, the answer, and what its writing to the log waits for."""

    question: str
    answer: Any
    written: "asyncio.Future[None] | None" = None


class Retries:
    """The newest ``kept`` keys of one endpoint; after a restart they are read back from its log."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self._given: OrderedDict[str, Given] = OrderedDict()

    def find(self, key: str, question: str) -> Given | None:
        """What this key was answered before; raises ConflictError where it was another question."""
        if not key.isprintable() or len(key) > LONGEST_KEY:
            raise UsageError("the idempotency key is no short text", hint=f"send up to {LONGEST_KEY} printable characters")
        found = self._given.get(key)
        if found is not None and found.question != question:
            raise ConflictError(f'the idempotency key "{key}" came with another body before', hint="a new question needs a new key")
        return found

    def keep(self, key: str, given: Given) -> None:
        """Remember an answer; the oldest is forgotten."""
        self._given[key] = given
        while len(self._given) > self.kept:
            self._given.popitem(last=False)

    def forget(self, key: str) -> None:
        """An answer that could not be logged was never given."""
        self._given.pop(key, None)

    def restore(self, logged: Iterable[str]) -> None:
        """Read back what was answered: the ``retry`` of records in the order of the log."""
        for text in logged:
            retry = msgspec.json.decode(text, type=Retry)
            found = self._given.get(retry.key)
            if found is not None and retry.several:
                found.answer.append(retry.answer)
            else:
                self.keep(retry.key, Given(retry.question, [retry.answer] if retry.several else retry.answer))


def question_of(body: Any) -> str:
    """The digest of a question as it came.

    >>> question_of({"a": 1}) == question_of({"a": 1}), question_of({"a": 1}) == question_of({"a": 2})
    (True, False)
    """
    return digest(msgspec.json.encode(body, order="sorted"))
