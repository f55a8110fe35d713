"""One thread for the numerical libraries while a model is fitted: sums in one order, and no cores spinning against each other."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()
_inside = 0
_blas = ExitStack()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread. May be entered by several threads at once.

    OpenMP's limit belongs to each thread; that of BLAS to the process, so that it is set by the first who enters and given back by
    the last who leaves.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _blas.enter_context(_controller().limit(limits=1, user_api="blas"))
        _inside += 1
    try:
        with _controller().limit(limits=1, user_api="openmp"):
            yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _blas.close()
