"""Fitting under limits: in a warm process that may use so much memory and so much time, and is killed beyond.

The work and its result travel between the two processes of one user; what comes back is a struct without code.
"""

import multiprocessing
import pickle
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ninefold.engine.pool import KilledError, Pool
from ninefold.errors import DataError, LimitError
from ninefold.models.candidate import On

T = TypeVar("T", bound=msgspec.Struct)
_LIBRARIES = ("sklearn", "lightgbm", "xgboost")


def limited(candidate: Any) -> bool:
    """Whether a candidate asks for limits that this process must set up."""
    return isinstance(candidate, On) and (candidate.timeout is not None or candidate.memory is not None) and multiprocessing.parent_process() is None


def confined(name: str, candidate: On, kind: type[T], function: Callable[..., T], *args: Any) -> T:
    """``function(*args)`` in a process with the candidate's limits; memory on top of what the process has with its libraries.

    Raises LimitError where it takes longer, or is killed or out of memory; the work's own error otherwise.
    """
    seconds = candidate.timeout / 1e6 if candidate.timeout is not None else None
    # workers are forked from a server that outlives the pool and has loaded the libraries: the second fit starts in milliseconds
    with Pool(1, preload=["ninefold.models.contest", *(m for m in _LIBRARIES if m in sys.modules)]) as pool:
        try:
            future = pool.submit(_encoded, function, *args, timeout=seconds, memory=candidate.memory)
            return msgspec.msgpack.decode(future.result(), type=kind)
        except KilledError as error:
            raise LimitError(f'the candidate "{name}" was ended: {error.message}', hint=error.hint, where=name) from None
        except pickle.PicklingError as error:
            hint = "define its class in a module"
            raise DataError(f'the candidate "{name}" cannot be sent to a process with limits: {error}', hint=hint) from None


def _encoded(function: Callable[..., Any], *args: Any) -> bytes:
    return msgspec.msgpack.encode(function(*args))
