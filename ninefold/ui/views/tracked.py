"""One run of a script or of another client: what was logged to it, and what came of it."""

import math
from itertools import islice

import msgspec

from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger
from ninefold.runs.artifacts import File
from ninefold.runs.contents import Contents
from ninefold.runs.many import Detail, details
from ninefold.runs.points import Point, sampled
from ninefold.runs.records import Runs
from ninefold.ui.reading import Reading
from ninefold.ui.views.traces import TraceLine, of_run
from ninefold.ui.views.tracked_list import Tracked, tracked
from ninefold.ui.wording import strange

CHARTS = 12  # on one page; the other metrics are a click away
POINTS, FINE = 90, 600  # of a small chart, and of one alone
FILES, CHILDREN = 100, 50
PREVIEW = 4000  # characters of a text that are shown
PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "svg": "image/svg+xml"}
TEXTS = frozenset(["txt", "md", "json", "yaml", "yml", "csv", "tsv", "log", "py", "toml", "html", "xml", "sql"])
_SYSTEM = "system/"
_CHILDREN = "select id from runs where parent = ? and project = ? and state = 'active' order by started, id limit ?"
_VERSIONS = "select name, version, stage from registry_versions where project = ? and run = ? order by name, version limit 50"
_MODELS = "select id, name, kind, status from logged_models where project = ? and run = ? and state = 'active' order by created, id limit 50"


class RunQuery(msgspec.Struct):
    """``metric`` is the one whose chart is drawn large, ``scale`` "log" for logarithmic axes, ``file`` the one that is shown."""

    metric: str = ""
    scale: str = ""
    file: str = ""


class Metric(msgspec.Struct):
    """A metric: newest value and step, and where there are more, (step, value) sampled evenly. A value that is no number is None."""

    name: str
    value: float | None
    text: str
    step: int
    points: list[tuple[int, float | None]] = []


class FileLine(msgspec.Struct):
    """A file of a run; ``picture`` and ``readable`` say how it may be shown."""

    path: str
    size: int
    digest: str
    picture: bool
    readable: bool


class Input(msgspec.Struct):
    """Data that the run read."""

    name: str
    digest: str
    kind: str
    source: str
    used: str


class TrackedPage(msgspec.Struct):
    """A run with everything that was logged to it. ``shown`` is the text of the chosen file."""

    tracked: Tracked
    state: str
    actor: str
    source: str
    parent: Tracked | None
    params: dict[str, str]
    tags: dict[str, str]
    charts: list[Metric]
    metrics: list[Metric]
    system: list[Metric]
    files: list[FileLine]
    more_files: bool
    inputs: list[Input]
    models: list[dict[str, str]]
    versions: list[tuple[str, int, str]]
    children: list[Tracked]
    traces: list[TraceLine]
    metric: str
    scale: str
    file: str
    shown: str | None


def tracked_page(reading: Reading, id: str, query: RunQuery) -> TrackedPage:
    """The page of one run. Raises NotFoundError, also for a run of another project."""
    ledger = reading.home.ledger
    whole = details(ledger, [id]).get(id)
    if whole is None or whole.run.project != reading.project:
        raise NotFoundError(f"there is no run {id[:60]}", hint="the list of runs has them all")
    run, names = whole.run, dict[int, str]()
    own = [p for p in whole.metrics if not p.key.startswith(_SYSTEM)]
    machine = [p for p in whole.metrics if p.key.startswith(_SYSTEM)]
    chosen = [p for p in whole.metrics if p.key == query.metric]
    drawn = chosen or own[:CHARTS]
    files = list(islice(Runs(ledger, reading.home.blobs).artifacts(id), FILES + 1))
    children = details(ledger, [row["id"] for row in ledger.all(_CHILDREN, id, run.project, CHILDREN)]) if run.parent != id else {}
    parent = details(ledger, [run.parent]).get(run.parent) if run.parent else None
    return TrackedPage(
        tracked(run, names, ledger),
        run.state,
        run.actor,
        run.source,
        tracked(parent.run, names, ledger) if parent is not None and parent.run.project == run.project else None,
        whole.params,
        whole.tags,
        [_metric(ledger, id, p, FINE if chosen else POINTS) for p in drawn],
        [_metric(ledger, id, p, 0) for p in own],
        [_metric(ledger, id, p, 0 if chosen else POINTS) for p in machine],
        [_file(f) for f in files[:FILES]],
        len(files) > FILES,
        _inputs(whole),
        [{key: row[key] for key in ("id", "name", "kind", "status")} for row in ledger.all(_MODELS, run.project, id)],
        [(row["name"], row["version"], row["stage"]) for row in ledger.all(_VERSIONS, run.project, id)],
        [tracked(child.run, names, ledger) for child in children.values()],
        of_run(ledger, run.project, id),
        query.metric,
        "log" if query.scale == "log" else "",
        query.file,
        _shown(reading, id, query.file, files),
    )


def _metric(ledger: Ledger, run: str, newest: Point, limit: int) -> Metric:
    points = sampled(ledger, run, newest.key, limit=limit) if limit else []
    return Metric(newest.key, finite(newest.value), strange(newest.value), newest.step, [(p.step, finite(p.value)) for p in points])


def finite(value: float) -> float | None:
    """A value as JSON can carry it."""
    return value if math.isfinite(value) else None


def _file(file: File) -> FileLine:
    ending = file.path.rpartition(".")[2].lower()
    return FileLine(file.path, file.size, file.digest, ending in PICTURES and file.size < 5_000_000, ending in TEXTS)


def _inputs(whole: Detail) -> list[Input]:
    return [Input(i.dataset.name, i.dataset.digest, i.dataset.kind, i.dataset.source[:200], " ".join(i.tags.values())) for i in whole.inputs]


def _shown(reading: Reading, id: str, path: str, files: list[File]) -> str | None:
    """The beginning of a text file."""
    found = next((f for f in files if f.path == path and _file(f).readable), None)
    if found is None:
        return None
    start, size = list[bytes](), 0
    for chunk in Contents(reading.home.ledger, reading.home.blobs).stream(found.digest, found.size):
        start.append(chunk)
        size += len(chunk)
        if size >= 4 * PREVIEW:
            break
    text = b"".join(start)[: 4 * PREVIEW].decode("utf-8", "replace")
    return text if len(text) <= PREVIEW and size >= found.size else text[:PREVIEW] + "\n…"
