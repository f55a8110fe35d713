"""Talking to a running server of MLflow: JSON pages and files, with patience for one that is busy."""

import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from ninefold.errors import DataError, DeniedError, NotFoundError, UsageError
from ninefold.secret import without_password

if TYPE_CHECKING:
    import httpx2

_CHUNK = 1 << 20
_TRIES, _BUSY = 6, frozenset({408, 429, 500, 502, 503, 504})
_API = "/api/2.0/mlflow/"


class Remote:
    """One server. Credentials come from its URL or from the variables that MLflow's clients read; no redirect is followed."""

    def __init__(self, url: str, environ: Mapping[str, str] = os.environ) -> None:
        import httpx2

        parts = urlsplit(url)
        if not parts.hostname:
            raise UsageError(f'"{url}" names no server', hint="write its address: http://127.0.0.1:5000")
        host = parts.netloc.rpartition("@")[2]
        self.url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        user = unquote(parts.username or "") or environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = unquote(parts.password or "") or environ.get("MLFLOW_TRACKING_PASSWORD", "")
        headers = {}
        if token := environ.get("MLFLOW_TRACKING_TOKEN", ""):
            headers["authorization"] = f"Bearer {token}"
        auth = (user, password) if user and not token else None
        insecure = environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"1", "true"}
        self._client = httpx2.Client(headers=headers, auth=auth, timeout=120.0, follow_redirects=False, verify=not insecure)
        self._errors = httpx2.HTTPError

    def get(self, path: str, *, api: int = 2, **query: Any) -> dict[str, Any]:
        """The answer to a GET below the prefix of a release of the API; NotFoundError for 404."""
        return self._json("GET", _API.replace("2", str(api)) + path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, *, api: int = 2, **body: Any) -> dict[str, Any]:
        """The answer to a POST below the prefix of a release of the API."""
        return self._json("POST", _API.replace("2", str(api)) + path, json={k: v for k, v in body.items() if v is not None})

    def listed(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A listing at any path of the server."""
        return self._json("GET", path, params=dict(query))

    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """A file in chunks. DataError where it was cut off: the server said how long it is."""
        with self._client.stream("GET", self.url + path, params=dict(query) or None) as answer:
            if answer.status_code != 200:
                raise self._refused(answer.status_code, path, answer.read()[:300].decode("utf-8", "replace"))
            yield from answer.iter_bytes(_CHUNK)

    def pages(self, key: str, fetch: "Fetch") -> Iterator[dict[str, Any]]:
        """Every item of a list that comes in pages."""
        token: str | None = None
        while True:
            answer = fetch(token)
            yield from answer.get(key, ())
            following = answer.get("next_page_token")
            if not following or following == token:
                return
            token = following

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _json(self, verb: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._patiently(verb, path, **more)
        if answer.status_code != 200:
            raise self._refused(answer.status_code, path, answer.text[:300])
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UsageError("it answers, but not as a server of MLflow", where=self.url, hint="name the address that MLFLOW_TRACKING_URI has")
        return found

    def _patiently(self, verb: str, path: str, **more: Any) -> "httpx2.Response":
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = self._client.request(verb, self.url + path, **more)
            except self._errors as error:
                if last:
                    raise NotFoundError(f"the server cannot be reached ({error})", where=self.url, hint="is it running there?") from None
            else:
                if answer.status_code not in _BUSY or last:
                    return answer
            time.sleep(min(0.2 * 3**attempt, 20.0))
        raise AssertionError  # the last attempt returned or raised

    def _refused(self, status: int, path: str, told: str) -> Exception:
        said = f"{path} was answered with {status}: {told}"
        if status in {401, 403}:
            hint = "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            return DeniedError(f"the server does not let us read ({status})", where=self.url, hint=hint)
        if status == 404:
            return NotFoundError(said, where=self.url)
        return DataError(said, where=without_password(self.url), hint="look into that server's log, then call it again: what is here is kept")


class RemoteFiles:
    """The files of one run or logged model, through the server that keeps them.

    Three ways lead to files: the artifact proxy (``mlflow-artifacts:`` roots), and one each by the id of a run or a model,
    where the server itself reads the store.
    """

    def __init__(self, remote: Remote, listing: str, query: dict[str, str], below: str, content: "Content", *, key: str = "path") -> None:
        self._remote, self._listing, self._query, self._below, self._content, self._key = remote, listing, query, below, content, key

    def names(self) -> Iterator[str]:
        """Paths of the files, folder by folder."""
        return self._walk("", 0)

    def read(self, name: str) -> Iterator[bytes]:
        """The content of a file."""
        path, query = self._content(name)
        return self._remote.stream(path, query)

    def _walk(self, folder: str, depth: int) -> Iterator[str]:
        if depth > 64:
            raise DataError(f"folders lie more than 64 deep: {folder[:200]}", hint="does the server list a folder inside of itself?")
        where = f"{self._below}/{folder}".strip("/") if self._below else folder
        token: str | None = None
        while True:
            query = self._query | ({self._key: where} if where else {}) | ({"page_token": token} if token else {})
            answer = self._remote.listed(self._listing, query)
            for one in answer.get("files", ()):
                # the proxy names what lies directly in the folder, the others the path from the root
                name = str(one["path"]) if not self._below else f"{folder}/{one['path']}".lstrip("/")
                if one.get("is_dir"):
                    if name != folder:
                        yield from self._walk(name, depth + 1)
                else:
                    yield name
            token = answer.get("next_page_token")
            if not token:
                return


def run_files(remote: Remote, run: str, root: str) -> RemoteFiles:
    """The files of a run."""
    if root.startswith("mlflow-artifacts:"):
        return proxied(remote, root)
    return RemoteFiles(
        remote, _API + "artifacts/list", {"run_id": run}, "", lambda name: ("/get-artifact", {"run_id": run, "run_uuid": run, "path": name})
    )


def model_files(remote: Remote, model: str, root: str) -> RemoteFiles:
    """The files of a logged model."""
    if root.startswith("mlflow-artifacts:"):
        return proxied(remote, root)
    base = f"logged-models/{quote(model, safe='')}/artifacts"
    content = f"/ajax-api/2.0/mlflow/{base}/files"
    return RemoteFiles(
        remote, f"{_API}{base}/directories", {}, "", lambda name: (content, {"artifact_file_path": name}), key="artifact_directory_path"
    )


def proxied(remote: Remote, root: str) -> RemoteFiles:
    """Files below a root that the server's artifact proxy keeps."""
    below, path = urlsplit(root).path.strip("/"), "/api/2.0/mlflow-artifacts/artifacts"
    return RemoteFiles(remote, path, {}, below, lambda name: (f"{path}/{quote(f'{below}/{name}')}", {}))


if TYPE_CHECKING:
    from collections.abc import Callable

    Fetch = Callable[[str | None], dict[str, Any]]
    Content = Callable[[str], tuple[str, dict[str, str]]]
