"""The door for the runs of scripts: entries of their spools, and the files that these name."""

import msgspec

from ninefold.errors import DataError, UsageError
from ninefold.protocols.mlflow.tracking import Tracking
from ninefold.runs.artifacts import File, checked, folder_of
from ninefold.runs.run import missing, removed
from ninefold.runs.tracking.delivering import deliver, known
from ninefold.runs.tracking.operations import Delivery, Known, Receipt
from ninefold.web.call import Call
from ninefold.web.route import Route, route

WRITES = ("scientist", "operator", "administrator", "service")
READS = (*WRITES, "viewer", "approver", "auditor")
_DIGITS = frozenset("0123456789abcdef")


def routes(tracking: Tracking) -> list[Route]:
    """What ``nf.track`` calls; whoever writes runs from another language may call it too."""

    def take(call: Call, body: Delivery) -> Receipt:
        """Entries of a script's spool, each applied once: what comes again changes nothing. The answer comes when they are on disk."""
        place = tracking.of(call)
        return deliver(place.runs, place.project, body, actor=str(call.who.name))

    async def file(call: Call, id: str, path: str) -> dict[str, object]:
        """Keep a file of a run, under a path in it. ``x-content-sha256`` says the digest that its content must have."""
        place, digest = tracking.of(call), call.headers.get("x-content-sha256")
        if digest is not None and (len(digest) != 64 or not _DIGITS.issuperset(digest)):
            raise UsageError(f"the digest is {digest[:80]!r}", hint="x-content-sha256: 64 hexadecimal digits in lower case")
        run = place.runs.get(id)
        if run.state != "active":
            raise removed(id)
        folder = folder_of(run)
        if folder is None:
            raise DataError(f"the files of the run {id} lie in {run.root}, not here", hint="read and write them there")
        kept: File = await place.files.put_stream(f"{folder}/{checked(path)}", call.stream(), digest=digest)
        return {**msgspec.to_builtins(kept), "path": path}

    def state(call: Call, id: str) -> Known:
        """What a script needs in order to go on with a run."""
        place = tracking.of(call)
        if place.runs.get(id).state != "active":
            raise missing(id)
        return known(place.runs, id)

    return [
        route("POST", "/api/runs/deliver", take, who=WRITES, summary="Entries of a script's spool, applied once.", blocking=True),
        route("PUT", "/api/runs/{id}/artifacts/{path:path}", file, who=WRITES, kind="upload", summary="Keep a file of a run."),
        route("GET", "/api/runs/{id}/state", state, who=READS, summary="What a script needs to go on with a run.", blocking=True),
    ]
