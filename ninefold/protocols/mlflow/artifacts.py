"""Files of runs and models: listed, sent, taken in, deleted; hashed on the way in and verified on the way out."""

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import Any
from urllib.parse import quote, unquote

from ninefold.errors import UsageError
from ninefold.protocols.mlflow.endpoint import ARTIFACTS, MLFLOW, WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, INVALID, WireError, missing
from ninefold.protocols.mlflow.runs import Which, known
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Message, filled, need
from ninefold.runs.artifacts import Entry, File, checked
from ninefold.runs.experiments import ROOT
from ninefold.web.call import Answer, Call

_WHOLE = 1 << 18  # bytes up to which a file is sent in one piece
_DRIVE = re.compile(r"[A-Za-z]:")
# what a browser shows without running anything of it; all else goes as bytes
_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "txt": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "csv": "text/plain; charset=utf-8",
    "yaml": "text/plain; charset=utf-8", "yml": "text/plain; charset=utf-8", "mlmodel": "text/plain; charset=utf-8", "json": "application/json",
}  # fmt: skip
_OWN_ORIGIN = "sandbox; default-src 'none'"


class Listing(Message):
    """A folder below the root of artifacts."""

    path: str | None = None


class RunListing(Which):
    """A folder, or a file, of a run."""

    path: str | None = None
    page_token: str | None = None


class ModelListing(Message):
    """A folder of a logged model."""

    artifact_directory_path: str | None = None


class ModelFile(Message):
    """A file of a logged model."""

    artifact_file_path: str | None = None


def list_folder(place: Place, query: Listing, call: Call) -> dict[str, Any]:
    """Files and folders directly in a folder; none where there is no such folder."""
    folder = path_of(query.path) if query.path else ""
    found = place.files.list(folder)
    if not found and unquote(folder) != folder:  # clients write a folder as in an address, where what they store is decoded once
        folder = path_of(unquote(folder))
        found = place.files.list(folder)
    return filled(files=[_entry(entry, folder) for entry in found])


def download(place: Place, query: Message, call: Call) -> Answer:
    """The content of a file."""
    return sent(place, path_of(call.params["path"]))


async def upload(place: Place, query: Message, call: Call) -> Answer:
    """Store a file; its digest is in the answer, and checked where the request names one (Content-Digest)."""
    path = path_of(call.params["path"])
    file = await place.files.put_stream(path, call.stream(), digest=_expected(call))
    return Answer({}, headers={"repr-digest": _digest(file), "etag": f'"{file.digest}"'})


def delete(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """Delete a file, or a folder with all in it."""
    place.files.delete(path_of(call.params["path"]))
    return {}


def list_of_run(place: Place, query: RunListing, call: Call) -> dict[str, Any]:
    """Files and folders of a run, by their path inside it."""
    run = known(place, query.run)
    return {"root_uri": run.root, **_inside(place, run.root, query.path)}


def get_of_run(place: Place, query: RunListing, call: Call) -> Answer:
    """A file of a run, to save."""
    run = known(place, query.run)
    return sent(place, f"{kept_here(run.root)}/{path_of(need(query.path, 'path'))}")


def list_of_model(place: Place, query: ModelListing, call: Call) -> dict[str, Any]:
    """Files and folders of a logged model, by their path inside it."""
    model = place.logged.get(call.params["id"])
    return {"root_uri": model.root, **_inside(place, model.root, query.artifact_directory_path)}


def get_of_model(place: Place, query: ModelFile, call: Call) -> Answer:
    """A file of a logged model, to save."""
    model = place.logged.get(call.params["id"])
    return sent(place, f"{kept_here(model.root)}/{path_of(need(query.artifact_file_path, 'artifact_file_path'))}")


def sent(place: Place, path: str) -> Answer:
    """A file as an answer that no browser runs: to be saved, from an origin of its own, verified before its end."""
    file = place.files.find(path)
    if file is None:
        raise WireError(GONE, f"No such artifact: '{path[:300]}'")
    name = path.rpartition("/")[2]
    kind = _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": _OWN_ORIGIN,
        "content-length": str(file.size),
        "repr-digest": _digest(file),
        "etag": f'"{file.digest}"',
    }
    chunks = place.files.contents.stream(file.digest, file.size)
    if file.size > _WHOLE:
        return Answer(chunks, type=kind, headers=headers)
    del headers["content-length"]
    return Answer(b"".join(chunks), type=kind, headers=headers)


def path_of(text: str) -> str:
    """The path of a file as it is kept. What could mean another path to whoever decodes once more is refused.

    >>> path_of("0/7/artifacts/plots/")
    '0/7/artifacts/plots'
    >>> path_of("0/%2e%2e/secret")
    Traceback (most recent call last):
    ninefold.protocols.mlflow.errors.WireError: Invalid path: '0/%2e%2e/secret'
    """
    path, plain = text.removesuffix("/"), text
    for _ in range(3):
        plain = unquote(plain)
    try:
        checked(plain.removesuffix("/"))
        checked(path)
    except UsageError:
        raise WireError(INVALID, f"Invalid path: {text[:200]!r}") from None
    if _DRIVE.match(plain):
        raise WireError(INVALID, f"Invalid path: {text[:200]!r}")
    return path


def kept_here(root: str) -> str:
    """The folder that a root names, where this server keeps it."""
    if not root.startswith(ROOT):
        raise WireError(INVALID, f"These artifacts are kept at {root[:200]}, which clients read and write themselves, not at this server.")
    # a host may stand in the URI: mlflow-artifacts://host:port/0/run/artifacts
    rest = root[len(ROOT) :]
    return rest.lstrip("/").partition("/")[2] if rest.startswith("/") else rest


def _inside(place: Place, root: str, path: str | None) -> dict[str, Any]:
    folder = kept_here(root)
    inner = path_of(path) if path else ""
    entries = place.files.list(f"{folder}/{inner}" if inner else folder)
    return filled(files=[_entry(entry, folder) for entry in entries])


def _entry(entry: Entry, folder: str) -> dict[str, Any]:
    path = entry.path[len(folder) + 1 :] if folder else entry.path
    return filled(path=path, is_dir=entry.is_dir, file_size=entry.size)


def _digest(file: File) -> str:
    return f"sha-256=:{b64encode(bytes.fromhex(file.digest)).decode()}:"


def _expected(call: Call) -> str | None:
    """The SHA-256 that a request names for its content (RFC 9530), as we write digests."""
    text = call.headers.get("content-digest") or call.headers.get("repr-digest")
    found = re.search(r"sha-256=:([A-Za-z0-9+/=]{44}):", text) if text else None
    if found is None:
        return None
    try:
        return b64decode(found[1], validate=True).hex()
    except Error:
        raise missing("content-digest") from None


ENDPOINTS = [
    Endpoint("GET", "artifacts", list_folder, Listing, under=ARTIFACTS),
    Endpoint("GET", "artifacts/{path:path}", download, under=ARTIFACTS, kind="stream"),
    Endpoint("PUT", "artifacts/{path:path}", upload, Message, WRITES, under=ARTIFACTS, kind="upload"),
    Endpoint("DELETE", "artifacts/{path:path}", delete, Message, WRITES, under=ARTIFACTS),
    Endpoint("GET", "artifacts/list", list_of_run, RunListing),
    Endpoint("GET", "get-artifact", get_of_run, RunListing, under=("/", *MLFLOW), kind="stream"),
    Endpoint("GET", "logged-models/{id}/artifacts/directories", list_of_model, ModelListing),
    Endpoint("GET", "logged-models/{id}/artifacts/files", get_of_model, ModelFile, kind="stream"),
]
