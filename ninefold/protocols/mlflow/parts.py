"""Large files in parts, and addresses of files in the store itself: what clients use where the server says that it has them."""

from typing import Any

import msgspec

from ninefold.errors import UsageError
from ninefold.protocols.mlflow.artifacts import kept_here, path_of
from ninefold.protocols.mlflow.endpoint import ARTIFACTS, WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, INVALID, WireError
from ninefold.protocols.mlflow.runs import known
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, need
from ninefold.runs.parts import Parts
from ninefold.storage.blobs import blob_name
from ninefold.storage.store import Addressed
from ninefold.web.call import Answer, Call

_VALID = 3600  # seconds in which an address may be used
_DEFAULT = 900  # where a caller says nothing
_LONGEST = 604_800  # no store gives an address for longer


class Create(Message):
    """The file at the client, of whose path only the name counts, and in how many parts it comes."""

    path: str | None = None
    num_parts: Int64 | None = None


class Part(Message):
    """A part that was stored: its number, and the ETag that its storing answered."""

    part_number: Int64 | None = None
    etag: str | None = None
    url: str | None = None


class Complete(Message):
    """An upload that is put together, from all of its parts, or given up."""

    path: str | None = None
    upload_id: str | None = None
    parts: list[Part] = msgspec.field(default_factory=list)


def create(place: Place, message: Create, call: Call) -> dict[str, Any]:
    """Begin a file in parts: an address for each of them, which needs no credentials and is valid for this upload alone."""
    begun = Parts(place.files).begin(_target(call, message.path), need(message.num_parts, "num_parts"))
    addresses = [(number, f"{_here(call)}mpu/part/{begun.id}/{number}/{signature}") for number, signature in enumerate(begun.signatures, 1)]
    return {"upload_id": begun.id, "credentials": [{"part_number": number, "url": url, "headers": {}} for number, url in addresses]}


async def part(place: Place, message: Message, call: Call) -> Answer:
    """Store one part at the address that was given out for it; its digest is the answer's ETag."""
    number = call.params["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 5:
        raise WireError(INVALID, f"Invalid part number: {number[:20]!r}")
    digest = await Parts(place.files).take_stream(call.params["id"], int(number), call.params["signature"], call.stream())
    return Answer({}, headers={"etag": f'"{digest}"'})


def complete(place: Place, message: Complete, call: Call) -> dict[str, Any]:
    """Put the parts together; the same again does nothing."""
    parts = [(need(each.part_number, "part_number"), each.etag or "") for each in message.parts]
    Parts(place.files).finish(need(message.upload_id, "upload_id"), _target(call, message.path), parts)
    return {}


def abort(place: Place, message: Complete, call: Call) -> dict[str, Any]:
    """Give a file in parts up."""
    Parts(place.files).abort(need(message.upload_id, "upload_id"), _target(call, message.path))
    return {}


def presigned(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """The address of a file in the store itself, where it gives such; elsewhere clients read it from here."""
    return _stored(place, path_of(call.params["path"]), _VALID)


class Address(Message):
    """A file of a run or of a logged model, and for how many seconds its address is to be valid."""

    run_id: str | None = None
    run_uuid: str | None = None
    model_id: str | None = None
    path: str | None = None
    expiration: Int64 | None = None


def upload_address(place: Place, message: Address, call: Call) -> dict[str, Any]:
    """An address at which whoever has it may store one file, in one piece, without credentials."""
    run = message.run_id or message.run_uuid
    if bool(run) == bool(message.model_id):
        raise WireError(INVALID, "Exactly one of run_id and model_id must be provided.")
    root = known(place, run).root if run else place.logged.get(need(message.model_id, "model_id")).root
    path = f"{kept_here(root)}/{path_of(need(message.path, 'path'))}"
    begun = Parts(place.files).address(path, _DEFAULT if message.expiration is None else message.expiration)
    return {"presigned_url": f"{_here(call)}mpu/whole/{begun.id}/{begun.signatures[0]}", "headers": {}}


async def whole(place: Place, message: Message, call: Call) -> Answer:
    """Store a file at the address that was given out for it; its digest is the answer's ETag."""
    file = await Parts(place.files).take_whole(call.params["id"], call.params["signature"], call.stream())
    return Answer({}, headers={"etag": f'"{file.digest}"'})


def download_address(place: Place, message: Address, call: Call) -> dict[str, Any]:
    """The address of a run's file in the store itself, where it gives such; elsewhere clients read it from here."""
    run = known(place, need(message.run_id or message.run_uuid, "run_id"))
    seconds = _DEFAULT if message.expiration is None else message.expiration
    if not 0 < seconds <= _LONGEST:
        raise WireError(INVALID, f"expiration must be between 1 and {_LONGEST} seconds (got {seconds}).")
    found = _stored(place, f"{kept_here(run.root)}/{path_of(need(message.path, 'path'))}", seconds)
    return {"presigned_url": found["url"], "headers": {}, "file_size": found["file_size"]}


def _stored(place: Place, path: str, seconds: int) -> dict[str, Any]:
    store = place.files.blobs.store
    if not isinstance(store, Addressed):
        raise WireError("NOT_IMPLEMENTED", "Presigned download is not supported for the current artifact repository")
    file = place.files.find(path)
    if file is None:
        raise WireError(GONE, f"No such artifact: '{path[:300]}'")
    place.files.contents.stored(file.digest, file.size)
    return {"url": store.address(blob_name(file.digest), seconds), "headers": {}, "file_size": file.size}


def _here(call: Call) -> str:
    """The address of the files of this server, as the caller calls it."""
    return f"{call.scope.get('scheme', 'http')}://{call.headers.get('host', 'localhost')}{ARTIFACTS[0]}"


def _target(call: Call, local: str | None) -> str:
    """Where the file is to lie: in the folder of the path, under the name that it has at the client."""
    name = need(local, "path").replace("\\", "/").rpartition("/")[2]
    if not name:
        raise UsageError("the path names no file", hint="give the path of a file", where="path")
    return path_of(f"{call.params['path'].removesuffix('/')}/{name}")


ENDPOINTS = [
    Endpoint("POST", "mpu/create/{path:path}", create, Create, WRITES, need="nice", under=ARTIFACTS),
    Endpoint("PUT", "mpu/part/{id}/{number}/{signature}", part, Message, "public", need="nice", under=ARTIFACTS, kind="upload"),
    Endpoint("POST", "mpu/complete/{path:path}", complete, Complete, WRITES, need="nice", under=ARTIFACTS),
    Endpoint("POST", "mpu/abort/{path:path}", abort, Complete, WRITES, need="nice", under=ARTIFACTS),
    Endpoint("PUT", "mpu/whole/{id}/{signature}", whole, Message, "public", need="nice", under=ARTIFACTS, kind="upload"),
    Endpoint("GET", "presigned/{path:path}", presigned, need="nice", under=ARTIFACTS),
    Endpoint("POST", "artifacts/presigned-upload-url", upload_address, Address, WRITES, need="nice"),
    Endpoint("POST", "artifacts/presigned-download-url", download_address, Address, need="nice"),
]
