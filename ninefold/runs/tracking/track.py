"""``nf.track``: what a script calls to have a run."""

import errno
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ninefold import clock, ids
from ninefold.errors import BusyError, NotFoundError, StoppedError
from ninefold.runs.tracking import code, environment
from ninefold.runs.tracking import folder as spools
from ninefold.runs.tracking import given as checks
from ninefold.runs.tracking import process as processes
from ninefold.runs.tracking.operations import Begin, Known, Resume
from ninefold.runs.tracking.process import CURRENT, Process
from ninefold.runs.tracking.run import TrackedRun
from ninefold.runs.tracking.target import here, target_of

_log = logging.getLogger("ninefold.track")
_experiments: dict[str, str] = {}  # of this process's runs, for those that are made inside them


def track(
    experiment: str | None = None,
    *,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resume: str | None = None,
    strict: bool = False,
) -> TrackedRun:
    """Begin a run of an experiment, and record what happens in it; ``resume`` goes on with the run of that id instead.

    The run goes to the server that ``NINEFOLD_URI`` names (with the token of ``NINEFOLD_TOKEN``), else into the home of this
    directory. What is said is first kept on disk and delivered beside the script, once: an outage of the server neither stops nor
    fails the script, and what could not be delivered goes with the next ``track``, or ``ninefold runs deliver``. With ``strict``
    each call waits until what it says would survive a power cut; otherwise that may take the last 50 ms.

    By itself a run knows its script and arguments (without secrets), the commit and a digest of what is not committed, Python
    and the packages, processors and memory (and GPUs) every few seconds, and the run that it is part of. It is ``done`` at the
    end of the ``with`` block, ``failed`` by an exception, which goes on, ``killed`` by Ctrl-C.

    UsageError for what cannot be recorded, NotFoundError where there is no run to resume, StoppedError where nothing can be kept on disk.

    >>> import os, tempfile; os.environ["NINEFOLD_HOME"] = tempfile.mkdtemp()
    >>> import ninefold as nf
    >>> with nf.track("forecast", params={"rate": 0.1}) as run:
    ...     for step in range(3):
    ...         run.log(loss=1 / (step + 1), step=step)
    ...     run.save("notes.md", "It learns.")
    >>> run
    <run ... of 'forecast', ended>
    >>> del os.environ["NINEFOLD_HOME"]
    """
    for given, what in ((experiment, "experiment"), (name, "name"), (resume, "run to resume")):
        if given is not None:
            checks.name_of(given, what)
    settled, labels = checks.texts(checks.mapping(params, "parameters")), checks.texts(checks.mapping(tags, "tags"))
    target, folder = here()
    try:
        mine = processes.process(target=target, folder=folder, mode="strict" if strict else "fast")
    except (OSError, StoppedError) as error:
        raise _unwritable(folder, error, "NINEFOLD_HOME" if Path(target).is_absolute() else "NINEFOLD_SPOOL") from None
    if resume is not None:
        return _resumed(mine, resume, settled, labels)
    parent = CURRENT.get() or processes.INHERITED
    experiment = experiment or _experiments.get(parent or "") or "Default"
    id = ids.new_id()
    script = checks.whole_text(code.script())
    stem = script.rpartition("/")[2].removesuffix(".py")
    begin = Begin(
        id,
        experiment,
        clock.now(),
        name or f"{stem or experiment}-{id[-4:]}",
        parent,
        script,
        settled,
        {**environment.brief(), **_code(script), **labels},
    )
    _experiments[id] = experiment
    mine.begin(begin)
    return TrackedRun(mine, id, experiment, begin.name, params=dict(begin.params))


def _code(script: str) -> dict[str, str]:
    said = {"code.script": script, "code.arguments": checks.whole_text(code.arguments(sys.argv[1:])[:2000])}
    return {key: value for key, value in said.items() if value}


def _unwritable(folder: Path, error: OSError | StoppedError, variable: str) -> StoppedError:
    """No spool can be made: a sentence with a way out."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(error, StoppedError) and getattr(cause, "errno", None) != errno.EROFS:
        return StoppedError(error.message, hint=error.hint)
    said = ((cause.strerror if isinstance(cause, OSError) else None) or str(error)).lower()
    way_out = f"name another folder: {variable}=/somewhere/else"
    told = StoppedError(f"{folder} cannot be written ({said}), and runs are kept there first", hint=way_out)
    told.add_note(way_out)  # the trace of a script shows notes, and no hints
    return told


def _resumed(mine: Process, id: str, params: dict[str, str], tags: dict[str, str]) -> TrackedRun:
    """A run goes on; what an earlier process left of it is delivered first, as far as that is possible now."""
    mine.courier.adopted.wait(processes.AFTER_END)
    mine.courier.flush(processes.AFTER_END)
    target = target_of(mine.key[0])
    try:
        found = target.find(id)
    except BusyError as error:
        _log.warning("%s. The run %s goes on all the same; give the steps of its metrics", error, id)
        found = Known(id)
    finally:
        target.close()
    if found is None and spools.names(mine.key[1], id):
        found = Known(id)
    if found is None:
        raise NotFoundError(f'there is no run "{id:.80}"', where=target.name, hint="list them: ninefold runs list")
    run = TrackedRun(mine, id, "Default", found.name, params=dict(found.params), step=found.step)
    mine.go_on(id, msgspec.json.encode(Resume(id, clock.now())))
    if params:
        run.params(params)
    if tags:
        run.tag(tags)
    return run
