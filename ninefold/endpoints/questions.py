"""From a request to the columns that a model reads: checked, typed, looked up online, computed."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from ninefold.errors import UsageError, closest
from ninefold.features.features import Features
from ninefold.features.online import Fold
from ninefold.features.request import Expressions, request_frame
from ninefold.features.spec import GroupSpec, features_of
from ninefold.tables.incoming import Incoming, dtype_of
from ninefold.tables.table import Table
from ninefold.units import moment

MOST_ROWS = 10_000


class Request(msgspec.Struct, frozen=True):
    """What a question consists of: the asked table's key, the columns with their types, bare inputs, the decision's moment.

    ``required`` are columns that may be null but not missing. Without a key a question is known by all that it says.
    """

    asked: str
    key: tuple[str, ...]
    columns: dict[str, str]
    bare: tuple[str, ...] = ()
    at: str | None = None
    tz: str | None = None
    required: tuple[str, ...] = ()


class Questions:
    """Computes a model's inputs for questions; shared by versions with the same request and features."""

    def __init__(self, request: Request, groups: Sequence[GroupSpec]) -> None:
        self.request, self.groups = request, list(groups)
        self._door = Incoming(request.asked, Table(f"spec:{request.asked}", key=list(request.key), tz=request.tz), request.columns)
        self._features: list[tuple[str, Features]] = [(spec.name, features_of(spec)) for spec in groups]
        self._windows = [(name, [feature for feature, _ in group.aggregates]) for name, group in self._features if group.aggregates]
        self._at = moment(request.at) if request.at else None

    def checked(self, body: Any) -> list[dict[str, Any]]:
        """The rows of a body (one object, or a list), every column there; times as µs UTC."""
        many = body if isinstance(body, list) else [body]
        if not many or len(many) > MOST_ROWS:
            raise UsageError(f"{len(many)} questions in one request", hint=f"send 1 to {MOST_ROWS}")
        rows = []
        for i, item in enumerate(many):
            place = f"[{i}]" if isinstance(body, list) else ""
            if isinstance(item, dict):
                for column in item.keys() - self.request.columns.keys():
                    hint = closest(column, self.request.columns)
                    raise UsageError(f'a question has no column "{column}"', where=f"{place}.{column}", hint=hint)
                for column in self.request.required:
                    if column not in item:
                        raise UsageError(f'a question needs "{column}"', where=place, hint="give it, or null where it is not known")
            row, _ = self._door.row(item, place)
            for column in self.request.columns:
                row.setdefault(column, None)
            if self._at is not None and row[self._at.column] is None:
                raise UsageError(f'the question has no "{self._at.column}"', where=place, hint="the decision's moment follows from it")
            rows.append(row)
        return rows

    def key_of(self, given: Any, place: str = "") -> str:
        """The key that a client gives to name a question, checked and written as :meth:`key` does. Raises UsageError."""
        row, others = self._door.row(given, place)
        if others:
            raise UsageError(f'"{others[0]}" is no part of the key', where=f"{place}.{others[0]}", hint=f"the key is {', '.join(self.request.key)}")
        return self.key(row)

    def key(self, row: Mapping[str, Any]) -> str:
        """The question's key as JSON: what its outcome is joined by.

        Times in it are µs UTC.
        """
        return msgspec.json.encode([row[c] for c in self.request.key or self.request.columns]).decode()

    def lead(self, row: Mapping[str, Any], q: int) -> int | None:
        """How much later than its decision time a question was asked, µs; None where it has none."""
        if self._at is None or row[self._at.column] is None:
            return None
        return q - (int(row[self._at.column]) + self._at.offset)

    def moment(self, row: Mapping[str, Any]) -> int | None:
        """The decision time of a question, µs; None where the problem gives it none."""
        return None if self._at is None else int(row[self._at.column]) + self._at.offset

    def values(self, rows: Sequence[Mapping[str, Any]], q: Sequence[int], fold: Fold) -> dict[str, list[Any]]:
        """Each input column, a value for each row: ``group.feature`` and bare columns."""
        found: dict[str, list[Any]] = {}
        for name, features in self._windows:
            looked = [fold.lookup(name, row, at) for row, at in zip(rows, q, strict=True)]
            found |= {f"{name}.{feature}": [values[feature] for values in looked] for feature in features}
        if self._expressions is not None:
            found |= self._expressions.evaluate({**self._columns(rows), **found}, q)
        return found | {column: [row[column] for row in rows] for column in self.request.bare}

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """The questions as a frame, times in the table's zone."""
        return request_frame(self._columns(rows), self._types)

    def _columns(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        return {column: [row[column] for row in rows] for column in self.request.columns}

    @cached_property
    def _types(self) -> dict[str, Any]:
        return {column: dtype_of(text) for column, text in self.request.columns.items()}

    @cached_property
    def _expressions(self) -> Expressions | None:
        """None where no group has any: a request is then answered without frames."""
        groups = [(name, group) for name, group in self._features if group.expressions]
        return Expressions(groups, self._types) if groups else None
