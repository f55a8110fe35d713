"""Where entries are delivered: a server, or the ledger of this directory's home."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from ninefold import __version__, config
from ninefold.errors import BusyError, ConflictError, DataError, DeniedError, LimitError, NinefoldError, NotFoundError, UsageError
from ninefold.runs.tracking.operations import Delivery, Known, Receipt
from ninefold.secret import without_password

if TYPE_CHECKING:
    import httpx2

    from ninefold.config import Settings
    from ninefold.ledger import Ledger
    from ninefold.runs.records import Runs

T = TypeVar("T")
SECONDS = 30.0  # for an answer
_CONNECT = 5.0
_LONGEST = 300.0  # seconds that a server may ask to wait
_SCHEMES = ("http", "https")
_SPACE, _HOST = re.compile(r"[\s\x00-\x1f]"), re.compile(r"[\w.-]+(:\d+)?(/\S*)?")
_KINDS: dict[int, type[NinefoldError]] = {401: DeniedError, 403: DeniedError, 404: NotFoundError, 409: ConflictError, 413: LimitError, 422: DataError}


class AwayError(BusyError):
    """The target cannot be reached at all."""


class Target(Protocol):
    """Takes entries, each once. BusyError where it cannot be reached, or not now; any other error is about what was sent."""

    name: str

    def deliver(self, spool: str, first: int, entries: Sequence[bytes], lost: Mapping[str, int]) -> Receipt:
        """Apply entries (JSON of an operation each), numbered from ``first``."""

    def put(self, run: str, path: str, content: Path, digest: str) -> None:
        """Take a file's content."""

    def find(self, run: str) -> Known | None:
        """The run of that id, None where there is none."""

    def close(self) -> None:
        """Let go of it."""


def body(spool: str, first: int, entries: Sequence[bytes], lost: Mapping[str, int]) -> bytes:
    """The JSON of a delivery, around entries that are JSON already.

    >>> body("s", 1, [b'{"do":"x"}'], {})
    b'{"spool":"s","first":1,"lost":{},"operations":[{"do":"x"}]}'
    """
    head = msgspec.json.encode({"spool": spool, "first": first, "lost": dict(lost)})
    return head[:-1] + b',"operations":[' + b",".join(entries) + b"]}"


class ServerTarget:
    """A ninefold server, by URL; the token is that of ``NINEFOLD_TOKEN``."""

    def __init__(self, uri: str) -> None:
        self._url, self.name = uri.rstrip("/"), without_password(uri)
        self._client: httpx2.Client | None = None

    def deliver(self, spool: str, first: int, entries: Sequence[bytes], lost: Mapping[str, int]) -> Receipt:
        answer = self._ask("POST", "/api/runs/deliver", content=body(spool, first, entries, lost), headers={"content-type": "application/json"})
        return self._read(answer, Receipt)

    def put(self, run: str, path: str, content: Path, digest: str) -> None:
        size = content.stat().st_size
        headers = {"content-length": str(size), "content-type": "application/octet-stream", "x-content-sha256": digest}
        self._ask("PUT", f"/api/runs/{quote(run)}/artifacts/{quote(path)}", content=_chunks(content), headers=headers)

    def find(self, run: str) -> Known | None:
        try:
            return self._read(self._ask("GET", f"/api/runs/{quote(run)}/state", headers={"accept": "application/json"}), Known)
        except NotFoundError:
            return None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def _ask(self, method: str, path: str, **more: Any) -> "httpx2.Response":
        import httpx2

        if self._client is None:
            token = os.environ.get("NINEFOLD_TOKEN")
            headers = {"user-agent": f"ninefold/{__version__}", **({"authorization": f"Bearer {token}"} if token else {})}
            self._client = httpx2.Client(timeout=httpx2.Timeout(SECONDS, connect=_CONNECT), headers=headers, follow_redirects=False)
        try:
            answer = self._client.request(method, self._url + path, **more)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise UsageError(f"{self.name} is no address of a server: {error}", hint="NINEFOLD_URI=http://host:9009") from None
        except httpx2.HTTPError as error:
            raise AwayError(f"{self.name} does not answer ({str(error) or type(error).__name__})", retry_after=0) from None
        if answer.status_code < 300:
            return answer
        raise _told(answer, self.name)

    def _read(self, answer: "httpx2.Response", kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError:
            # something between that answers for the server: whether it was applied is not known, so it is sent again
            raise BusyError(f"{self.name} answers, and not as a ninefold server does", retry_after=0) from None


def _told(answer: "httpx2.Response", name: str) -> NinefoldError:
    status, message = answer.status_code, f"{name} answers {answer.status_code}"
    try:
        said = msgspec.json.decode(answer.content)["error"]
        message = f"{message}: {said['message']}"
    except (msgspec.MsgspecError, KeyError, TypeError):
        pass  # the status says enough
    if status in (408, 425, 429) or status >= 500 or status < 400:
        after = answer.headers.get("retry-after", "")
        return BusyError(message, retry_after=min(_LONGEST, float(after)) if after.isdigit() else 0)
    hint = "set NINEFOLD_TOKEN to a token that may write runs" if status in (401, 403) else ""
    return _KINDS.get(status, UsageError)(message, hint=hint)


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 18):
            yield chunk


class LedgerTarget:
    """The ledger of a home on this machine; opened on first use."""

    def __init__(self, settings: "Settings", project: str = "") -> None:
        self._settings, self._project, self.name = settings, project, str(settings.home)
        self._opened: tuple[Ledger, Runs, str] | None = None

    def deliver(self, spool: str, first: int, entries: Sequence[bytes], lost: Mapping[str, int]) -> Receipt:
        from ninefold.runs.tracking.delivering import deliver

        _, runs, project = self._open()
        try:
            delivery = msgspec.json.decode(body(spool, first, entries, lost), type=Delivery)
        except msgspec.MsgspecError as error:
            raise DataError(f"the entries are not as expected: {error}", hint="the script may be of another release") from None
        return deliver(runs, project, delivery)

    def put(self, run: str, path: str, content: Path, digest: str) -> None:
        _, runs, _ = self._open()
        runs.add_artifact(run, path, content)

    def find(self, run: str) -> Known | None:
        from ninefold.runs.tracking.delivering import known

        try:
            return known(self._open()[1], run)
        except NotFoundError:
            return None

    def close(self) -> None:
        if self._opened is not None:
            self._opened[0].close()
        self._opened = None

    def _open(self) -> "tuple[Ledger, Runs, str]":
        if self._opened is None:
            from ninefold.ledger import Ledger
            from ninefold.runs.meant import meant
            from ninefold.runs.records import Runs
            from ninefold.storage.blobs import Blobs
            from ninefold.storage.store import open_store

            settings = self._settings
            ledger = Ledger.open(settings.ledger, home=settings.home, anchors=settings.anchor)
            blobs = Blobs(open_store(settings.artifacts))
            self._opened = ledger, Runs(ledger, blobs), self._project or meant(ledger, settings.project)
        return self._opened


def here() -> tuple[str, Path]:
    """Where runs of this process go, as a spool names it (a URL, or the folder of a home's project), and where its spools lie."""
    settings = config.load()
    here, elsewhere = folders()
    return (_address(settings.uri), elsewhere) if settings.uri else (str(settings.root), here)


def _address(uri: str) -> str:
    """The URL of a server. UsageError for anything else: what a script says must not go to a folder of that name."""
    scheme, sign, rest = uri.strip().partition("://")
    rest = rest if sign else scheme
    try:
        parts = urlsplit(f"{scheme.lower()}://{rest}")
        good = parts.scheme in _SCHEMES and sign and parts.hostname and parts.port != 0 and not (parts.query or parts.fragment or _SPACE.search(rest))
    except ValueError:  # the port is no number, or brackets are not closed
        good = False
    if good:
        return f"{scheme.lower()}://{rest}"
    what = "NINEFOLD_URI" if os.environ.get("NINEFOLD_URI") else 'the setting "uri"'
    host = rest.rpartition("@")[2]  # without a password
    folder = rest.startswith((".", "/", "~")) or scheme.lower() == "file"
    example = f"http://{host}" if _HOST.fullmatch(host) and scheme.lower() not in _SCHEMES else "http://localhost:9009"
    hint = "a folder is named by NINEFOLD_HOME; a server like this: http://localhost:9009" if folder else f"write {example}"
    told = UsageError(f'{what} is "{uri if "@" not in uri else f"…@{host}"}", which is no address of a server', hint=hint)
    told.add_note(hint)  # the trace of a script shows notes, and no hints
    raise told


def folders() -> tuple[Path, Path]:
    """Where spools lie: those for the home, and those for servers. These are the user's, not the directory's: scripts run anywhere."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return config.load().home / "spool", Path(os.environ.get("NINEFOLD_SPOOL") or state / "ninefold" / "spool")


def target_of(name: str) -> Target:
    """The target that a spool names."""
    if name.startswith(("http://", "https://")):
        return ServerTarget(name)
    if not Path(name).is_absolute():  # a folder of that name was never meant
        raise UsageError(f'"{without_password(name)}" is no address of a server', hint="throw away what is for it: ninefold runs deliver --forget ID")
    return LedgerTarget(config.load(Path(name)))
