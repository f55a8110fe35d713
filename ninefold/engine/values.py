"""Values as digests: parameters, constants, closures, estimators. What cannot be told apart for certain is refused."""

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import hashlib
import io
import logging
import pathlib
import pickle
import re
import types
import uuid
import zoneinfo
from collections import ChainMap, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from ninefold.errors import NinefoldError
from ninefold.things import Thing

_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
_BY_TEXT = (
    dt.datetime,
    dt.date,
    dt.time,
    dt.timedelta,
    dt.timezone,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePath,
    range,
    slice,
    zoneinfo.ZoneInfo,
    types.GenericAlias,
    types.UnionType,
)
_SEQUENCES = (list, tuple, deque)
_MAPPINGS = (dict, OrderedDict, defaultdict, types.MappingProxyType, ChainMap)
_CODE = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.ModuleType, type, staticmethod, classmethod, property)

Follow = Callable[[Any], str]


class Uncacheable(NinefoldError):
    """A value or a function whose content cannot be told for certain: the step runs every time."""

    code = "uncacheable"


def digest_value(value: Any, follow: Follow) -> str:
    """SHA-256 of a value. ``follow`` gives the digest of code found inside (functions, classes, modules)."""
    whole = hashlib.sha256()
    for piece in _pieces(value, follow, ()):
        whole.update(len(piece).to_bytes(8, "big"))
        whole.update(piece)
    return whole.hexdigest()


def _pieces(value: Any, follow: Follow, above: tuple[int, ...]) -> Iterator[bytes]:
    kind = type(value)
    if kind in _PLAIN:
        yield f"{kind.__name__}:{value!r}".encode("utf-8", "surrogatepass")
        return
    if id(value) in above:
        raise Uncacheable(f"a {kind.__name__} contains itself")
    inside = (*above, id(value))
    yield f"{kind.__module__}.{kind.__qualname__}".encode()
    if isinstance(value, _CODE):
        yield follow(value).encode()
    elif isinstance(value, enum.Enum):
        yield value.name.encode()
        yield follow(kind).encode()
    elif isinstance(value, _BY_TEXT):
        yield str(value).encode() if isinstance(value, pathlib.PurePath) else repr(value).encode()
    elif isinstance(value, re.Pattern):
        yield repr((value.pattern, value.flags)).encode()
    elif isinstance(value, logging.Logger):
        yield b""  # what is logged is no part of an output
    elif kind in _SEQUENCES:
        yield from _each(value, follow, inside)
    elif kind in _MAPPINGS:
        yield from _each([part for pair in value.items() for part in pair], follow, inside)
    elif kind in (set, frozenset):
        yield "".join(sorted(digest_value(item, follow) for item in value)).encode()
    else:
        yield from _object(value, kind, follow, inside)


def _each(values: Any, follow: Follow, above: tuple[int, ...]) -> Iterator[bytes]:
    yield str(len(values)).encode()
    for item in values:
        yield from _pieces(item, follow, above)


def _object(value: Any, kind: type, follow: Follow, above: tuple[int, ...]) -> Iterator[bytes]:
    top = kind.__module__.partition(".")[0]
    if isinstance(value, Thing) and callable(getattr(value, "of", None)):
        yield follow(value.of).encode()  # type: ignore[attr-defined]
    elif isinstance(value, functools.partial):
        yield from _each([value.func, value.args, value.keywords], follow, above)
    elif top == "numpy":
        yield from _numpy(value, follow, above)
    elif top == "polars":
        yield from _polars(value, follow)
    elif callable(getattr(value, "get_params", None)):
        # an estimator is its class and its parameters; what it was fitted to is no part of a declaration
        yield follow(kind).encode()
        yield from _each([part for pair in sorted(value.get_params(deep=False).items()) for part in pair], follow, above)
    elif dataclasses.is_dataclass(value):
        yield follow(kind).encode()
        yield from _each([part for f in dataclasses.fields(value) for part in (f.name, getattr(value, f.name))], follow, above)
    elif isinstance(value, msgspec.Struct):
        yield follow(kind).encode()
        yield from _each([part for name in value.__struct_fields__ for part in (name, getattr(value, name))], follow, above)
    elif hasattr(value, "__wrapped__"):
        yield from _pieces(value.__wrapped__, follow, above)  # functools.cache and the like: what they wrap is the content
    else:
        yield follow(kind).encode()
        yield _pickled(value, kind, follow)


def _numpy(value: Any, follow: Follow, above: tuple[int, ...]) -> Iterator[bytes]:
    dtype = getattr(value, "dtype", None)
    if dtype is None or not hasattr(value, "tobytes"):
        yield follow(type(value)).encode()
        yield _pickled(value, type(value), follow)
    elif dtype.hasobject:
        yield from _each([str(value.shape), *value.ravel().tolist()], follow, above)
    else:
        yield f"{dtype.str}{getattr(value, 'shape', ())}".encode()
        yield value.tobytes()


def _polars(value: Any, follow: Follow) -> Iterator[bytes]:
    yield follow(type(value)).encode()
    if hasattr(value, "meta") and hasattr(value.meta, "serialize"):
        text = value.meta.serialize(format="json")
        if '"AnonymousFunction":{' in text or '"PythonUdf' in text:
            raise Uncacheable("a Polars expression calls a Python function", hint="write it with expressions, or in a table's function")
        yield text.encode()
    elif hasattr(value, "write_ipc"):
        yield repr(value.schema).encode()
        yield value.rechunk().write_ipc(None).getvalue()
    elif hasattr(value, "to_frame"):
        yield value.to_frame().write_ipc(None).getvalue()
    elif hasattr(value, "collect"):
        raise Uncacheable("a LazyFrame is held outside the function", hint="make it a source or a table, and take it as a parameter")
    else:
        yield repr(value).encode()  # data types, selectors, configuration


class _Pickler(pickle.Pickler):
    """Pickles by content: code that is held is followed (pickle alone names it), sets are in an order that every process has."""

    def __init__(self, buffer: io.BytesIO, follow: Follow) -> None:
        super().__init__(buffer, protocol=4)
        self._follow = follow

    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, _CODE):
            return self._follow(item)
        if type(item) in (set, frozenset):
            return [type(item).__name__, *sorted(digest_value(each, self._follow) for each in item)]
        return None


def _pickled(value: Any, kind: type, follow: Follow) -> bytes:
    buffer = io.BytesIO()
    try:
        _Pickler(buffer, follow).dump(value)
    except Exception as error:  # pickling runs any class's own code: whatever it raises, the content is not known
        raise Uncacheable(f"a {kind.__module__}.{kind.__qualname__} cannot be told from another ({type(error).__name__})") from None
    return buffer.getvalue()
