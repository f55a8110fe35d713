"""What a version may be made of: where its files lie, which run made them. A source is never fetched to find that out."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ninefold.errors import UsageError
from ninefold.ledger import Row
from ninefold.secret import without_password

# kept as text for clients that reach them by themselves; the server never does
ELSEWHERE = frozenset({"s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "hdfs", "viewfs", "dbfs", "oss", "cos", "b2", "r2", "sftp"})
_LOGGED = re.compile(r"models:/(m-[0-9a-zA-Z-]+)(?:/(.+))?")
_VERSION = re.compile(r"models:/([^/:@]+)(?:/([0-9]+)|@([\w\-]+))")
_RUN = re.compile(r"runs:/([^/]+)/(.+)")
_NEVER = re.compile(r"[\x00-\x1f\x7f\\]")

One = Callable[..., Row | None]


class Origin(NamedTuple):
    """Where a version's files lie, and the run and the logged model that made them."""

    root: str
    run: str | None
    model: str | None


def origin(one: One, project: str, source: str, run: str | None, model: str | None) -> Origin:
    """What a source means in this project, looked up with ``one`` (a query's first row).

    A run or a logged model that is named beside it has to be the one that the source lies in. UsageError for a source outside of
    this project's artifacts: a path of this machine, another host, another run's files, a path with steps upwards.
    """
    plain = _plain(source)
    if found := _LOGGED.fullmatch(plain):
        return _logged(one, project, source, found[1], found[2], run, model)
    if found := _VERSION.fullmatch(plain):
        return _version(one, project, source, found[1], found[2], found[3], run, model)
    if found := _RUN.fullmatch(plain):
        if model is not None or run != found[1]:
            raise _refused(source, "name the run that it lies in, and no logged model" if model is None else "its files lie in a run")
        return Origin(f"{_run_root(one, project, source, run)}/{found[2].strip('/')}", run, None)
    if urlsplit(plain).scheme.lower() in ELSEWHERE:
        return Origin(plain, run, model)
    return _inside(one, project, source, plain, run, model)


def _plain(source: str) -> str:
    """The source with every layer of percent-encoding taken off; refused where it steps upwards or hides something."""
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
    return plain.rstrip("/")


def _logged(one: One, project: str, source: str, id: str, path: str | None, run: str | None, model: str | None) -> Origin:
    if model != id:
        raise _refused(source, "name the logged model that it is, as it is written there")
    row = one("select root, run from logged_models where project = ? and id = ? and state = 'active'", project, id)
    if row is None:
        raise _refused(source, f"there is no logged model {id}")
    return Origin(f"{row['root']}/{path.strip('/')}" if path else row["root"], run or row["run"], id)


def _version(one: One, project: str, source: str, name: str, number: str | None, alias: str | None, run: str | None, model: str | None) -> Origin:
    if alias is not None:
        named = one("select version from registry_aliases where project = ? and name = ? and alias = ?", project, name, alias)
        number = None if named is None else str(named["version"])
    digits = int(number) if number is not None and len(number) < 10 else -1
    row = one("select root, run, model from registry_versions where project = ? and name = ? and version = ?", project, name, digits)
    if row is None or not row["root"]:
        raise _refused(source, f"the model {name} has no such version that could be copied")
    if (run is not None and run != row["run"]) or (model is not None and model != row["model"]):
        raise _refused(source, "run and logged model are those of the version that is named")
    return Origin(row["root"], row["run"], row["model"])


def _inside(one: One, project: str, source: str, plain: str, run: str | None, model: str | None) -> Origin:
    """A place among this project's artifacts: it has to lie in the run's folder, or the logged model's."""
    root = ""
    if model is not None:
        row = one("select root from logged_models where project = ? and id = ? and state = 'active'", project, model)
        root = "" if row is None else row["root"]
    elif run is not None:
        root = _run_root(one, project, source, run)
    if not root or (plain != root and not plain.startswith(f"{root}/")):
        raise _refused(source, "it has to lie in the artifacts of the run, or of the logged model, that is named with it")
    return Origin(plain, run, model)


def _run_root(one: One, project: str, source: str, run: str | None) -> str:
    row = one("select root from runs where project = ? and id = ?", project, run)
    if row is None or not row["root"]:
        raise _refused(source, f"there is no run {run} with artifacts")
    return str(row["root"])


def _refused(source: str, why: str) -> UsageError:
    return UsageError(f"the source of the version is {without_password(source[:200])!r}", hint=why, where="source")
