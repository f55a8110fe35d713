"""A run's files, given to browsers: to be saved or shown as a picture, never run."""

from urllib.parse import quote

from ninefold.runs.artifacts import Files, checked, folder_of, missing_file
from ninefold.runs.records import Runs
from ninefold.ui.reading import Reading
from ninefold.ui.views.tracked import PICTURES
from ninefold.web.call import Answer

# whoever opens the address itself gets a document without rights, of no origin; a picture in a page is not touched by this
_APART = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


def answer(reading: Reading, run: str, path: str) -> Answer:
    """The file at a path inside a run, verified before its last byte. NotFoundError, also for a run of another project."""
    found = Runs(reading.home.ledger, reading.home.blobs, reading.project).get(run)
    folder = folder_of(found)
    files = Files(reading.home.ledger, reading.home.blobs, reading.project)
    file = files.find(f"{folder}/{checked(path)}") if folder is not None else None
    if file is None:
        raise missing_file(path)
    ending = path.rpartition(".")[2].lower()
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}",
        "content-security-policy": _APART,
        "etag": f'"{file.digest}"',
    }
    return Answer(files.open(file.path), type=PICTURES.get(ending, "application/octet-stream"), headers=headers)
