"""Which source a text names: a server, a database, or a folder."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ninefold.errors import NotFoundError, UsageError
from ninefold.protocols.mlflow.importing.database import Database
from ninefold.protocols.mlflow.importing.folder import Folder
from ninefold.protocols.mlflow.importing.remote import Remote
from ninefold.protocols.mlflow.importing.roots import Roots
from ninefold.protocols.mlflow.importing.running import Server
from ninefold.protocols.mlflow.importing.source import Source
from ninefold.protocols.mlflow.importing.tables import open_tables

_FORMS = "write http://HOST:PORT, sqlite:///mlflow.db, postgresql://user@host/name, or the folder: ./mlruns"
_DATABASES = {"sqlite", "postgresql", "postgres", "mysql", "mssql", "oracle"}


def open_source(named: str, *, artifacts: Sequence[str] = (), with_files: bool = True, workspace: str = "default") -> Source:
    """The source at an address. ``artifacts`` are the places that files may be read from, beside a folder that is named itself.

    UsageError where a database is named and nothing says where its files may be read.
    """
    scheme = urlsplit(named).scheme
    if scheme in {"http", "https"}:
        return Server(Remote(named))
    if scheme.partition("+")[0] in _DATABASES:
        database = Database(open_tables(named), Roots(artifacts), workspace)
        if with_files and not artifacts:
            roots = sorted({experiment.root for experiment in database.experiments() if experiment.root})
            database.close()
            raise UsageError(
                "the database names places for its artifacts, and none is read because an entry says so",
                where=", ".join(roots[:3]) + (" and more" if len(roots) > 3 else ""),
                hint="say which folder (or s3://bucket/prefix) may be read: --artifacts DIR; or leave them: --no-artifacts",
            )
        return database
    if scheme not in ("", "file"):
        raise UsageError(f'"{named}" names no tracker', hint=_FORMS)
    folder = Path(unquote(urlsplit(named).path) if scheme else named)
    if folder.is_file():
        raise UsageError(f"{folder} is a file, not a folder", hint=f"where it is MLflow's database: sqlite:///{folder}")
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", hint=_FORMS)
    return Folder(folder, Roots([str(folder), *artifacts]))
