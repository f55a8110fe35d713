"""A registered version made ready to answer: its files become a bundle once, in a child process, and the ledger says so."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import Any

import msgspec

from ninefold import clock
from ninefold.bundles.manifest import MANIFEST, SIGNATURE
from ninefold.endpoints.endpoint import REGISTERED
from ninefold.errors import CorruptError, DataError, NotYetError, UsageError
from ninefold.ids import new_id
from ninefold.models.candidate import Existing, On
from ninefold.models.records import Version, record_registered, stored
from ninefold.models.registry import RegisteredVersion, Registry
from ninefold.models.registry.address import Address, address
from ninefold.models.registry.portable.converting import Job
from ninefold.models.registry.portable.described import FILE, LARGEST, described
from ninefold.project.home import Home
from ninefold.project.live.sealed import signer
from ninefold.runs.artifacts import Files
from ninefold.runs.experiments import ROOT
from ninefold.secret import without_password
from ninefold.storage.durable import make_folder, move, write

LARGEST_MODEL = 1 << 30
MEMORY, SECONDS = 8 << 30, 120
UNTIL = "learned_until"  # the tag of a version that says, in ISO 8601, until when the rows go that it has learned from


def answering(home: Home, text: str, number: int | None = None) -> Version:
    """The version that an address names (or that number of its model), as a bundle of this home.

    Raises NotFoundError where it is not registered, DataError where its format cannot be loaded without running code.
    """
    found = _found(Registry(home.ledger, home.project), address(text), number)
    if found.own:
        known = stored(home.ledger, found.project, found.name, found.version)
        assert known is not None
        return known
    if found.bundle is not None and home.path("bundles", found.bundle).is_dir():
        known = stored(home.ledger, found.project, found.name, found.version)
        if known is not None:
            return known
    return _converted(home, found)


def competing(home: Home, candidate: Any) -> Any:
    """A candidate that names a registered version, as the directory of that version's bundle; any other as it is."""
    if isinstance(candidate, On):
        return replace(candidate, candidate=competing(home, candidate.candidate))
    if not isinstance(candidate, Existing) or not candidate.uri.startswith(REGISTERED):
        return candidate
    return Existing(str(home.path("bundles", answering(home, candidate.uri).bundle)))


def meant(home: Home, text: str) -> str:
    """Which version an address means now: ``churn@3``."""
    found = _found(Registry(home.ledger, home.project), address(text), None)
    return f"{found.name}@{found.version}"


def _found(registry: Registry, where: Address, number: int | None) -> RegisteredVersion:
    if number is not None:
        if where.version not in {None, number}:
            raise UsageError(f"the endpoint answers with {where}, not with version {number}", hint="change the endpoint, or leave --version out")
        return registry.version(where.name, number)
    if where.alias is not None:
        return registry.by_alias(where.name, where.alias)
    assert where.version is not None
    return registry.version(where.name, where.version)


def _converted(home: Home, found: RegisteredVersion) -> Version:
    files, folder = Files(home.ledger, home.blobs, found.project), _folder(found)
    said = described(_read(files, f"{folder}/{FILE}", LARGEST), convert_line(found))
    model = _read(files, f"{folder}/{said.file}", LARGEST_MODEL)
    origin = {
        "source": without_password(found.source),
        "run": found.run,
        "logged": found.model,
        "by": found.actor,
        "at": found.created,
        "library": said.library,
        "file": said.file,
    }
    about = {"project": found.project, "model": found.name, "registered": found.version, "origin": origin, "until": _until(found)}
    work = home.path("bundles", f"new-{new_id()}")
    make_folder(work)
    try:
        write(work / "model", model)
        write(work / "job.json", msgspec.json.encode(Job(said, f"models:/{found.name}/{found.version}", about)))
        digest = _in_a_child(str(work), f"{found.name}@{found.version}")
        made = work / "bundle"
        write(made / SIGNATURE, signer(home)((made / MANIFEST).read_bytes()))
        if not home.path("bundles", digest).is_dir():
            move(made, home.path("bundles", digest))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    reason = f"registered by {found.actor or 'somebody'} from {origin['source']}"
    body: dict[str, Any] = {"registered": origin, "signed": True, "winner": said.library, "reason": reason}
    return home.ledger.write(lambda tx: record_registered(tx, found.project, found.name, found.version, digest=digest, body=body))


def _folder(found: RegisteredVersion) -> str:
    if not found.root.startswith(ROOT):
        where = without_password(found.root) or "nowhere"
        told = f"the files of {found.name}@{found.version} lie in {where}, and no server fetches from there"
        raise NotYetError(told, hint="log the model to this server, and register it from there")
    return found.root.removeprefix(ROOT).strip("/")


def _read(files: Files, path: str, largest: int) -> bytes:
    file = files.find(path)
    if file is None:
        raise DataError("the version has no such file", where=path, hint="log the model again, with log_model")
    if file.size > largest:
        raise DataError(f"the file has {file.size:,} bytes, at most {largest:,} are read", where=path)
    return files.read(path)


def _until(found: RegisteredVersion) -> int:
    """Until when the rows go that the version has learned from: it says so itself, else not after it was registered."""
    said = found.tags.get(UNTIL)
    if said is None:
        return found.created
    try:
        return min(clock.micros(said), found.created)
    except ValueError:
        raise DataError(f'the tag {UNTIL} is "{said[:40]}"', where=found.subject, hint="write a time: 2024-01-31T00:00:00Z") from None


def convert_line(found: RegisteredVersion) -> str:
    """The command that converts a version whose format runs code."""
    return f"ninefold models convert models:/{found.name}/{found.version} --trust"


def _in_a_child(folder: str, what: str) -> str:
    command = [sys.executable, "-m", "ninefold.models.registry.portable.converting", folder, str(MEMORY), str(SECONDS)]
    try:
        # our own interpreter and module; the folder is an argument, no shell reads it
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=SECONDS, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"reading {what} took more than {SECONDS} s in a child process", hint="it may be made to hang: do not trust it") from None
    if done.returncode == 0:
        return done.stdout.decode().strip().splitlines()[-1]
    try:
        message, hint = msgspec.json.decode(done.stderr.strip().splitlines()[-1], type=tuple[str, str])
    except (msgspec.DecodeError, IndexError):
        how = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"ended with {done.returncode}"
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        told = f"reading {what} in a child process {how}: {said[-1][:300] if said else 'no message'}"
        raise CorruptError(told, hint="the file is damaged, or made to harm: log the model again") from None
    raise DataError(message, where=what, hint=hint)
