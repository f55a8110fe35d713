"""Runs over HTTP, in our own words: begin, log, end, find, read; their files. Retries under an Idempotency-Key are done once."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ninefold import clock
from ninefold.errors import DataError
from ninefold.ids import digest
from ninefold.ledger import Tx
from ninefold.protocols.mlflow.tracking import Place, Tracking
from ninefold.runs import points, writing
from ninefold.runs.artifacts import Entry, checked, folder_of, missing_file
from ninefold.runs.experiments import ensured
from ninefold.runs.many import detail, details
from ninefold.runs.records import add
from ninefold.runs.requests import Requests
from ninefold.runs.run import Run, removed
from ninefold.runs.searching import asking
from ninefold.server import run_shapes as shapes
from ninefold.web.call import Answer, Call
from ninefold.web.route import Route, route

WRITES = ("scientist", "operator", "administrator", "service")
READS = (*WRITES, "viewer", "approver", "auditor")
_WHOLE = 1 << 18  # bytes up to which a file is sent in one piece
T = TypeVar("T")


def routes(tracking: Tracking) -> list[Route]:
    """Runs: what scripts in any language, and programs that read, may call."""
    on = Tracked(tracking)
    return [
        route("POST", "/api/runs", on.begin, who=WRITES, summary="Begin a run.", answer=Run),
        route("POST", "/api/runs/search", on.search, who=READS, summary="Find runs.", blocking=True, searches=True),
        route("GET", "/api/runs/{id}/detail", on.detail, who=READS, summary="A run with what was logged to it.", blocking=True),
        route("POST", "/api/runs/{id}/batch", on.batch, who=WRITES, summary="Log parameters, metrics and tags at once."),
        route("PATCH", "/api/runs/{id}", on.change, who=WRITES, summary="End a run, or rename it.", blocking=True),
        route("DELETE", "/api/runs/{id}", on.remove, who=WRITES, summary="Delete a run; it can be restored.", blocking=True),
        route("POST", "/api/runs/{id}/restore", on.restore, who=WRITES, summary="Bring a deleted run back.", blocking=True),
        route("DELETE", "/api/runs/{id}/tags/{key}", on.drop_tag, who=WRITES, summary="Take a tag away.", blocking=True),
        route("GET", "/api/runs/{id}/metrics", on.history, who=READS, summary="A page of a metric's points.", blocking=True),
        route("GET", "/api/runs/{id}/metrics/sampled", on.sampled, who=READS, summary="A metric's points, thinned for a chart.", blocking=True),
        route("GET", "/api/runs/{id}/artifacts", on.files, who=READS, summary="The files of a run.", blocking=True),
        route("GET", "/api/runs/{id}/artifacts/{path:path}", on.file, who=READS, kind="stream", summary="The content of a file.", blocking=True),
        route("DELETE", "/api/runs/{id}/artifacts/{path:path}", on.delete_file, who=WRITES, summary="Delete a file or a folder.", blocking=True),
    ]


class FilesQuery(msgspec.Struct, frozen=True):
    """Which folder of the run."""

    path: str = ""


class Tracked:
    """Handlers over the projects of one server."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking
        self._requests = Requests(tracking.home.ledger)

    async def begin(self, call: Call, body: shapes.NewRun) -> Any:
        """Begin a run. With an Idempotency-Key a retry gets the run that the first one began."""
        place = self._tracking.of(call)
        given = {name: getattr(body, name) for name in ("id", "name", "started", "source", "params", "tags", "parent")}

        def work(tx: Tx) -> Run:
            within = ensured(tx, place.project, body.experiment)
            return add(tx, place.project, within.id, actor=str(call.who.name), **given)

        return await self._once(call, place, work, lambda run: msgspec.json.encode(run).decode())

    async def batch(self, call: Call, body: shapes.Batch, id: str) -> Any:
        """Log to a run: all of it is on disk when the answer comes, or nothing is. The same again changes nothing."""
        place = self._tracking.of(call)
        settled, labels = writing.checked(body.params.items()), writing.checked(body.tags.items())
        groups = writing.grouped(body.points(clock.now()))

        def work(tx: Tx) -> None:
            writing.write(tx, id, params=settled, points=groups, tags=labels, project=place.project)

        return await self._once(call, place, work, lambda _: "{}")

    async def _once(self, call: Call, place: Place, work: Callable[[Tx], T], told: Callable[[T], str]) -> Answer:
        key = call.headers.get("idempotency-key")
        asked = digest(call.path.encode() + b"\0" + call.body)

        def whole(tx: Tx) -> str:
            return told(work(tx)) if key is None else self._requests.once(tx, place.project, key, asked, lambda: told(work(tx)))

        return Answer((await place.ledger.awaited(whole)).encode(), type="application/json")

    def search(self, call: Call, body: shapes.Wanted) -> shapes.RunsShown:
        """Find runs by parameters, tags, newest metrics and what they are, page by page."""
        place = self._tracking.of(call)
        how: dict[str, Any] = {name: getattr(body, name) for name in ("experiment", "state", "order", "limit", "token")}
        found = asking.search(place.ledger, place.project, body.where, **how)
        return shapes.RunsShown([shapes.shown(one) for one in details(place.ledger, [run.id for run in found]).values()], found.token)

    def detail(self, call: Call, id: str) -> shapes.RunShown:
        """A run, deleted or not, with parameters, tags, newest metrics, inputs and models."""
        place, _ = self._run(call, id)
        return shapes.shown(detail(place.ledger, id))

    def change(self, call: Call, body: shapes.ChangedRun, id: str) -> Run:
        """End a run (its fact carries the digest of all that was logged), let it go on, or rename it. The same again is nothing."""
        return self._tracking.of(call).runs.update(id, status=body.status, ended=body.ended, name=body.name)

    def remove(self, call: Call, id: str) -> None:
        """Delete a run: it takes no writes and is not found until it is restored, or removed for good."""
        self._tracking.of(call).runs.remove(id)

    def restore(self, call: Call, id: str) -> None:
        """Bring a deleted run back."""
        self._tracking.of(call).runs.restore(id)

    def drop_tag(self, call: Call, id: str, key: str) -> None:
        """Take a tag of a run away."""
        self._tracking.of(call).runs.drop_tag(id, key)

    def history(self, call: Call, query: shapes.HistoryQuery, id: str) -> shapes.History:
        """Points of a metric by step; a page costs the same wherever it lies."""
        place, run = self._run(call, id)
        found, after = points.history(place.ledger, run.id, query.key, after=query.after, limit=query.limit)
        return shapes.history(query.key, found, after)

    def sampled(self, call: Call, query: shapes.SampleQuery, id: str) -> shapes.History:
        """Points of a metric spread evenly over the steps, the first and the last among them."""
        place, run = self._run(call, id)
        found = points.sampled(place.ledger, run.id, query.key, limit=query.limit, start=query.start, end=query.end)
        return shapes.history(query.key, found)

    def files(self, call: Call, query: FilesQuery, id: str) -> list[Entry]:
        """Files and folders directly in a folder of a run, by their path inside the run."""
        place, folder = self._folder(call, id)
        entries = place.files.list(f"{folder}/{checked(query.path)}" if query.path else folder)
        return [msgspec.structs.replace(entry, path=entry.path[len(folder) + 1 :]) for entry in entries]

    def file(self, call: Call, id: str, path: str) -> Answer:
        """The content of a file, verified: where the disk gives back other bytes the answer ends before it is whole."""
        place, folder = self._folder(call, id)
        file = place.files.find(f"{folder}/{checked(path)}")
        if file is None:
            raise missing_file(path)
        headers = {
            # nothing in it is run by a browser: it is saved, and from an origin of its own
            "content-disposition": f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}",
            "content-security-policy": "sandbox; default-src 'none'",
            "etag": f'"{file.digest}"',
            "x-content-sha256": file.digest,
        }
        chunks = place.files.contents.stream(file.digest, file.size)
        if file.size <= _WHOLE:
            return Answer(b"".join(chunks), headers=headers)
        return Answer(chunks, type="application/octet-stream", headers={**headers, "content-length": str(file.size)})

    def delete_file(self, call: Call, id: str, path: str) -> dict[str, int]:
        """Delete a file, or a folder with all in it; how many files it were."""
        place, folder = self._folder(call, id)
        if place.runs.get(id).state != "active":
            raise removed(id)
        deleted = place.files.delete(f"{folder}/{checked(path)}")
        if not deleted:
            raise missing_file(path)
        return {"deleted": deleted}

    def _run(self, call: Call, id: str) -> tuple[Place, Run]:
        place = self._tracking.of(call)
        return place, place.runs.get(id)

    def _folder(self, call: Call, id: str) -> tuple[Place, str]:
        place, run = self._run(call, id)
        folder = folder_of(run)
        if folder is None:
            raise DataError(f"the files of the run {id} lie in {run.root}, not here", hint="read and write them there")
        return place, folder
