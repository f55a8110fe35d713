"""A run as the script that makes it holds it."""

import logging
import math
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from ninefold import clock
from ninefold.errors import ConflictError
from ninefold.runs.tracking import given as checks
from ninefold.runs.tracking.operations import End, Log, Params, Save, Tags
from ninefold.runs.tracking.process import CURRENT, Process, process

_log = logging.getLogger("ninefold.track")
_encode = msgspec.json.Encoder().encode
_NOT = {math.inf: "Infinity", -math.inf: "-Infinity"}
Status = Literal["done", "failed", "killed"]


class TrackedRun:
    """What :func:`ninefold.track` gives: a run that goes on until the ``with`` block, :meth:`end` or the script ends.

    Usable from several threads, and after a fork also from the child, which does not end it. No call waits for a server or
    fails because of one; what is wrongly given raises UsageError, a parameter with a second value ConflictError.
    """

    def __init__(self, made: Process, id: str, experiment: str, name: str, *, params: dict[str, str], step: int = -1) -> None:
        self.id, self.experiment, self.name = id, experiment, name
        self._process, self._pid, self._params, self._step = made, os.getpid(), params, step
        self._lock = threading.RLock()
        self._ended = self._late = False
        self._before: Any = None

    def log(self, values: Mapping[str, float] | None = None, /, *, step: int | None = None, **metrics: float) -> None:
        """Add a point to metrics: ``run.log(loss=0.3, step=1)``, or ``run.log({"val/loss": 0.4})`` for names that are no Python words.

        ``step``: by default one more than before. Values may be infinite or NaN. When it returns the point is on its way for
        good: it outlives this process, and with ``strict=True`` a power cut.
        """
        given = metrics if values is None else {**checks.mapping(values, "metrics"), **metrics}
        numbers = {}
        for key, value in given.items():
            number = value if type(value) is float else checks.number(key, value)
            numbers[checks.name_of(key, "name of a metric")] = number if number - number == 0.0 else _NOT.get(number, "NaN")
        with self._lock:
            self._step = at = self._step + 1 if step is None else checks.whole(step)
        self._say(_encode(Log(self.id, at, clock.now(), numbers)))  # type: ignore[arg-type]

    def params(self, values: Mapping[str, Any] | None = None, /, **params: Any) -> None:
        """Say with what the run was made: ``run.params(rate=0.1)``. A parameter has one value; ConflictError for another one."""
        texts = checks.texts({**checks.mapping(values, "parameters"), **params})
        with self._lock:
            for key, value in texts.items():
                if self._params.get(key, value) != value:
                    raise ConflictError(f'the parameter "{key}" is {self._params[key]!r} already, not {value!r}', hint="log what changes as a metric")
            self._params.update(texts)
        if texts:
            self._say(_encode(Params(self.id, texts)), needed=True)

    def tag(self, values: Mapping[str, Any] | None = None, /, **tags: Any) -> None:
        """Set tags, which may change: ``run.tag(stage="tuned")``; None takes one away."""
        given = {**checks.mapping(values, "tags"), **tags}
        texts = {key: None if value is None else text for (key, value), text in zip(given.items(), checks.texts(given).values(), strict=True)}
        if texts:
            self._say(_encode(Tags(self.id, texts)), needed=True)

    def save(self, path: str | Path, data: Any = None) -> None:
        """Keep a file with the run, under ``path`` in it: ``run.save("plot.svg", figure)``.

        ``data`` is bytes, text, a ``Path`` of a file or folder, a figure (anything with ``savefig``), or any value that becomes JSON;
        without it, ``path`` itself is read. What is given is copied at once; UsageError where it cannot be read.
        """
        if data is None:
            data, path = Path(path), Path(path).name
        path = str(path)
        if isinstance(data, os.PathLike) and Path(data).is_dir():
            for file in sorted(Path(data).rglob("*")):
                if file.is_file():
                    self.save(f"{path}/{file.relative_to(data).as_posix()}", file)
            return
        checks.path_of(path)
        content = checks.content(path, data)
        if self._ended:
            self._warn_late()
        self._current().save(self.id, content, lambda digest, size, name: _encode(Save(self.id, path, digest, size, name)))

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until everything said so far is delivered, at most so many seconds; whether it is."""
        return self._current().flush(timeout)

    def end(self, status: Status = "done") -> None:
        """End the run: what it says later still counts, and is warned of once, but it is over."""
        if os.getpid() != self._pid:
            return  # a child made by fork: the parent ends it
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self._process.end(self.id, _encode(End(self.id, status, clock.now())))

    def __enter__(self) -> Self:
        self._before = CURRENT.set(self.id)
        self._process.enter(self.id)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None and os.getpid() == self._pid:
            CURRENT.reset(self._before)
            self._process.leave(self.id)
        self.end(status_of(error))

    def __repr__(self) -> str:
        return f"<run {self.id} of {self.experiment!r}{', ended' if self._ended else ''}>"

    def _current(self) -> Process:
        """The spool of this process: after a fork the child has one of its own."""
        if self._process.pid != os.getpid():
            self._process = process(self._process)
            self._process.attach(self.id, self.experiment, self.name)
        return self._process

    def _say(self, entry: bytes, *, needed: bool = False) -> None:
        if self._ended:
            self._warn_late()
        made = self._process
        (made if made.alive else self._current()).say(self.id, entry, needed=needed)

    def _warn_late(self) -> None:
        if not self._late:
            self._late = True
            _log.warning("run %s has ended: what is said of it now is kept, but is not in the record of its end. Say it before run.end()", self.id)


def status_of(error: BaseException | None) -> Status:
    """What an exception, or its absence, makes of a run."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "done"
    return "killed" if isinstance(error, KeyboardInterrupt) else "failed"
