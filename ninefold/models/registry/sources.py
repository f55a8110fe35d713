"""What a version may be made of: where its files lie, which run made them. A source is never fetched to find that out."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ninefold.errors import UsageError
from ninefold.ledger import Row
from ninefold.models.registry.names import STAGES
from ninefold.runs.experiments import ROOT
from ninefold.secret import without_password

# kept as text for clients that reach them by themselves; the server never does
ELSEWHERE = frozenset({"s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "hdfs", "viewfs", "dbfs", "oss", "cos", "b2", "r2", "sftp"})
_LOGGED = re.compile(r"models:/(m-[0-9a-zA-Z-]+)(?:/(.+))?")
_VERSION = re.compile(r"models:/([^/:]+)(?:/([^/:@]+)|@([\w\-]+))")  # a number, latest, a stage; or an alias
_RUN = re.compile(r"runs:/([^/]+)/(.+)")
_NEVER = re.compile(r"[\x00-\x1f\x7f\\]")

One = Callable[..., Row | None]


class Origin(NamedTuple):
    """What a version was made of, where its files lie, and the run and the logged model that made them.

    ``source`` names what moves, an alias or a stage, as the version that it led to: what a version was made of does not change.
    """

    source: str
    root: str
    run: str | None
    model: str | None


def origin(one: One, project: str, source: str, run: str | None, model: str | None) -> Origin:
    """What a source means in this project, looked up with ``one`` (a query's first row).

    A run or a logged model that is named beside it has to be the one that the source lies in. UsageError for a source outside of
    this project's artifacts: a path of this machine, another host, another run's files, a path with steps upwards.
    """
    _check(source)
    given = source.rstrip("/")
    if found := _LOGGED.fullmatch(given):
        return _logged(one, project, source, found[1], found[2], run, model)
    if found := _VERSION.fullmatch(given):
        return _version(one, project, source, found[1], found[2] or "", found[3], run, model)
    if found := _RUN.fullmatch(given):
        if model is not None or run != found[1]:
            raise _refused(source, "name the run that it lies in, and no logged model" if model is None else "its files lie in a run")
        return Origin(source, kept(f"{_run_root(one, project, source, run)}/{found[2].strip('/')}"), run, None)
    if urlsplit(given).scheme.lower() in ELSEWHERE:
        return Origin(source, given, run, model)
    return _inside(one, project, source, kept(given), run, model)


def kept(uri: str) -> str:
    """Where files lie that clients name so. They send a path here as it is, and a server takes one layer of percent-encoding off.

    >>> kept("mlflow-artifacts:/0/r/artifacts/a%2525"), kept("s3://bucket/a%20b")
    ('mlflow-artifacts:/0/r/artifacts/a%25', 's3://bucket/a%20b')
    """
    return unquote(uri) if uri.startswith(ROOT) else uri


def asked(root: str) -> str:
    """How clients have to name files that lie at ``root``, so that what they send means it. What means itself stays as it is: in the
    path of an address it is decoded, in a query not.

    >>> asked("mlflow-artifacts:/0/r/artifacts/a%25"), asked("mlflow-artifacts:/0/r/artifacts/50% m")
    ('mlflow-artifacts:/0/r/artifacts/a%2525', 'mlflow-artifacts:/0/r/artifacts/50% m')
    """
    if not root.startswith(ROOT):
        return root
    return (root if unquote(root) == root else root.replace("%", "%25")).replace("#", "%23").replace("?", "%3F")


def _check(source: str) -> None:
    """Refuses a source that steps upwards or hides something, under any layer of percent-encoding."""
    plain = source
    for _ in range(4):
        if (decoded := unquote(plain)) == plain:
            break
        plain = decoded
    else:
        raise _refused(source, "it is encoded again and again")
    path = plain.partition(":")[2] or plain
    if _NEVER.search(plain) or ".." in path.split("/") or "." in path.split("/"):
        raise _refused(source, "write it without steps upwards, backslashes and control characters")


def _logged(one: One, project: str, source: str, id: str, path: str | None, run: str | None, model: str | None) -> Origin:
    if model != id:
        raise _refused(source, "name the logged model that it is, as it is written there")
    row = one("select root, run from logged_models where project = ? and id = ? and state = 'active'", project, id)
    if row is None:
        raise _refused(source, f"there is no logged model {id}")
    return Origin(source, kept(f"{row['root']}/{path.strip('/')}" if path else row["root"]), run or row["run"], id)


def _version(one: One, project: str, source: str, name: str, which: str, alias: str | None, run: str | None, model: str | None) -> Origin:
    number = _number(one, project, name, which, alias)
    row = one("select root, run, model from registry_versions where project = ? and name = ? and version = ?", project, name, number)
    if row is None or not row["root"]:
        raise _refused(source, f"the model {name} has no such version that could be copied")
    if (run is not None and run != row["run"]) or (model is not None and model != row["model"]):
        raise _refused(source, "run and logged model are those of the version that is named")
    return Origin(f"models:/{name}/{number}", row["root"], row["run"], row["model"])


def _number(one: One, project: str, name: str, which: str, alias: str | None) -> int:
    """The number of the version that is meant; -1 where there is none."""
    row: Row | None
    if which.isascii() and which.isdigit():
        return int(which) if len(which) < 10 else -1
    if "latest" in {which.lower(), (alias or "").lower()}:
        row = one("select max(version) as version from registry_versions where project = ? and name = ?", project, name)
    elif alias is not None:
        row = one("select version from registry_aliases where project = ? and name = ? and alias = ?", project, name, alias)
    else:
        stage = next((s for s in STAGES if s.lower() == which.lower()), "")
        row = one("select max(version) as version from registry_versions where project = ? and name = ? and stage = ?", project, name, stage)
    return -1 if row is None or row["version"] is None else int(row["version"])


def _inside(one: One, project: str, source: str, place: str, run: str | None, model: str | None) -> Origin:
    """A place among this project's artifacts: it has to lie in the run's folder, or the logged model's."""
    root = ""
    if model is not None:
        row = one("select root from logged_models where project = ? and id = ? and state = 'active'", project, model)
        root = "" if row is None else kept(row["root"])
    elif run is not None:
        root = kept(_run_root(one, project, source, run))
    if not root or (place != root and not place.startswith(f"{root}/")):
        raise _refused(source, "it has to lie in the artifacts of the run, or of the logged model, that is named with it")
    return Origin(source, place, run, model)


def _run_root(one: One, project: str, source: str, run: str | None) -> str:
    row = one("select root from runs where project = ? and id = ?", project, run)
    if row is None or not row["root"]:
        raise _refused(source, f"there is no run {run} with artifacts")
    return str(row["root"])


def _refused(source: str, why: str) -> UsageError:
    return UsageError(f"the source of the version is {without_password(source[:200])!r}", hint=why, where="source")
