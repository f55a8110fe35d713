"""Fitting under limits: in a child process that may use so much memory and so much time, and is killed beyond.

The work and its result travel between the two processes of one user; what comes back is a struct without code.
"""

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ninefold.errors import DataError, LimitError, NinefoldError
from ninefold.models.candidate import On
from ninefold.units import duration_text

T = TypeVar("T", bound=msgspec.Struct)
_FAILED = 3
_INSIDE = "NINEFOLD_CONFINED"


def limited(candidate: Any) -> bool:
    """Whether a candidate asks for limits that this process must set up."""
    return isinstance(candidate, On) and (candidate.timeout is not None or candidate.memory is not None) and _INSIDE not in os.environ


def confined(name: str, candidate: On, kind: type[T], function: Callable[..., T], *args: Any) -> T:
    """``function(*args)`` in a child with the candidate's limits.

    Raises LimitError where it takes longer, or is killed or out of memory; the child's own error otherwise.
    """
    try:
        work = pickle.dumps((function, args, candidate.memory, [p for p in sys.path if p]))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise DataError(f'the candidate "{name}" cannot be sent to a process with limits: {error}', hint="define its class in a module") from None
    seconds = candidate.timeout / 1e6 if candidate.timeout is not None else None
    command = [sys.executable, "-m", "ninefold.models.confined"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", _INSIDE: "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=work, capture_output=True, timeout=seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        limit = duration_text(candidate.timeout or 0)
        raise LimitError(
            f'the candidate "{name}" took longer than its timeout of {limit}', hint="a longer timeout, or fewer trials", where=name
        ) from None
    if done.returncode == 0:
        return msgspec.msgpack.decode(done.stdout, type=kind)
    if done.returncode == _FAILED:
        message, hint = msgspec.json.decode(done.stdout, type=tuple[str, str])
        raise DataError(message, hint=hint, where=name)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    last = said[-1] if said else "no message"
    raise LimitError(
        f'the candidate "{name}" ended with {done.returncode} in a process with {candidate.memory} bytes of memory: {last}',
        hint="more memory=, or a smaller model",
        where=name,
    )


def main() -> int:
    """The child: limits first, then the work; the result as MessagePack on stdout."""
    function, args, memory, path = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent, through a pipe
    sys.path.extend(p for p in path if p not in sys.path)
    if memory is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    out = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not mix with the result
    try:
        result, code = msgspec.msgpack.encode(function(*args)), 0
    except NinefoldError as error:
        result, code = msgspec.json.encode((error.message, error.hint)), _FAILED
    with os.fdopen(out, "wb") as stream:
        stream.write(result)
    return code


if __name__ == "__main__":
    sys.exit(main())
