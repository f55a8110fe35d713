"""Settings: where the state lives, which environment, what connections mean. From pyproject, the environment, the command."""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ninefold.errors import UsageError, closest
from ninefold.secret import Secret, resolve

_KINDS: dict[type, str] = {list: "list", dict: "table", float: "number", int: "number", bool: "truth value"}
_LISTS = frozenset({"hosts", "origins", "proxies"})
_TABLES = ("connections", "oidc")
KEYS = {
    "project": "The module, file or package that is the project: what `run` takes without an argument.",
    "home": "The folder of the state. Default: `.ninefold` beside pyproject.toml.",
    "ledger": "URL of the ledger, SQLite or `postgresql://USER:${PASSWORD}@HOST/DATABASE`. Default: `sqlite:///<home>/ledger.db`.",
    "lake": "Folder or `s3://bucket/prefix` of the lake. Default: `<home>/lake`.",
    "artifacts": "Folder or `s3://bucket/prefix` of stored blobs; files of up to 16 KiB that are logged lie in the ledger. Default: `<home>/blobs`.",
    "online": "URL of the online store. Reserved: this release keeps online features in the server's memory.",
    "compute": "URL of the compute. Reserved: this release computes on this machine.",
    "anchor": "Folder for copies of the signed checkpoints, outside of the home. Default: `$XDG_STATE_HOME/ninefold/anchors`.",
    "connections": "Table of connections by name: URLs that sources may begin with. Secrets as `env:NAME` or `${NAME}`.",
    "uri": "URL of the server that the runs of scripts go to. Default: they go into the home. `NINEFOLD_TOKEN` is their token.",
    "host": "The address that `up` listens on. Default: `127.0.0.1`.",
    "port": "The port that `up` listens on. Default: `9009`; `0` takes any free one.",
    "hosts": 'Names by which `up` may be called besides its own address: `["ml.example.com"]`. As a variable with commas.',
    "origins": 'Other sites whose pages may call: `["https://shop.example.com"]`. As a variable with commas.',
    "proxies": 'Addresses of proxies whose X-Forwarded headers are believed: `["10.0.0.7"]`. As a variable with commas.',
    "oidc": "Table of an identity provider by which people sign in: `issuer`, `client_id`, `client_secret`, and more.",
    "tz": "Reserved: the zone in which times are shown.",
    "smtp": "URL of the server that sends mail: `smtp://user:${PASSWORD}@host:587`.",
    "webhook_secret": "What webhooks are signed with: `env:NAME`.",
    "webhook_addresses": "Where webhooks that clients set up may lead: `public` (default), or `any`, private networks and `http://` too.",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one environment says. URLs of stores; ``connections`` by name; secrets stay references (``env:NAME``)."""

    root: Path
    home: Path
    environment: str
    project: str | None
    ledger: str
    lake: str
    artifacts: str
    anchor: Path | None
    host: str
    port: int
    connections: dict[str, str] = field(default_factory=dict)
    smtp: str | None = None
    webhook_secret: str | None = None
    webhook_addresses: str = "public"
    uri: str | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    oidc: dict[str, Any] = field(default_factory=dict)

    def connection(self, name: str) -> Secret | None:
        """The URL of a connection, with what it refers to; None where the environment has no such connection."""
        url = self.connections.get(name)
        return None if url is None else resolve(url)


def find_root(start: Path | None = None) -> Path:
    """The nearest folder upwards with a pyproject that has ``[tool.ninefold]``, or with a ``.ninefold``; else ``start``."""
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / ".ninefold").is_dir() or "tool.ninefold" in _text(folder / "pyproject.toml"):
            return folder
    return start


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
        return ""


def load(root: Path | None = None, environment: str | None = None) -> Settings:
    """The settings of the project in ``root`` (default: found upwards from here), in ``environment`` (default ``dev``).

    Later wins: defaults, ``[tool.ninefold]``, ``[tool.ninefold.environments.NAME]``, ``NINEFOLD_*`` variables.
    """
    root = (root or find_root()).absolute()
    path = root / "pyproject.toml"
    table = _settings(path)
    environments = _tables(table, "environments", path)
    name = environment or os.environ.get("NINEFOLD_IN") or "dev"
    if name != "dev" and name not in environments:
        raise UsageError(f'there is no environment "{name}"', where=str(path), hint=closest(name, ["dev", *environments]))
    merged: dict[str, Any] = {k: v for k, v in table.items() if k != "environments"}
    chosen = _tables(environments, name, path)
    merged |= {k: v for k, v in chosen.items() if k not in _TABLES}
    merged |= {key: {**_tables(table, key, path), **_tables(chosen, key, path)} for key in _TABLES}
    for key, value in merged.items():
        if key not in KEYS:
            raise UsageError(f'the setting "{key}" is not known', where=f"{path} [tool.ninefold]", hint=closest(key, KEYS))
        # `_port` judges the port, which may be a number, and `_list` the lists
        if key not in {*_TABLES, *_LISTS, "port"} and not isinstance(value, str):
            raise UsageError(f'the setting "{key}" is a {_KINDS.get(type(value), "value")}', where=f"{path} [tool.ninefold]", hint="write a text")
    for key, value in merged["connections"].items():
        if not isinstance(value, str):
            raise UsageError(
                f'the connection "{key}" is no text', where=f"{path} [tool.ninefold.connections]", hint='write a URL: "postgresql://..."'
            )
    for key in KEYS.keys() - set(_TABLES):
        if value := os.environ.get(f"NINEFOLD_{key.upper()}"):
            merged[key] = value
    home = Path(_place(merged.get("home", ".ninefold"), root))
    anchor = merged.get("anchor")
    return Settings(
        root=root,
        home=home,
        environment=name,
        project=merged.get("project"),
        ledger=_place(merged.get("ledger", f"sqlite:///{home / 'ledger.db'}"), root),
        lake=_place(merged.get("lake", str(home / "lake")), root),
        artifacts=_place(merged.get("artifacts", str(home / "blobs")), root),
        anchor=Path(_place(anchor, root)) if anchor else None,
        host=merged.get("host", "127.0.0.1"),
        port=_port(merged.get("port", 9009)),
        connections=merged["connections"],
        smtp=merged.get("smtp"),
        webhook_secret=merged.get("webhook_secret"),
        webhook_addresses=_one_of("webhook_addresses", merged.get("webhook_addresses", "public"), ("public", "any")),
        uri=merged.get("uri"),
        oidc=merged["oidc"],
        **{key: _list(key, merged.get(key, [])) for key in _LISTS},
    )


def _place(given: str, root: Path) -> str:
    """A path or URL with its relative path taken from the project's root: a command in a subfolder means the same place."""
    if given.startswith("env:"):
        return given
    scheme, separator, path = given.partition(":///") if given.startswith("sqlite:") else ("", "", given)
    return given if not path or "://" in path else f"{scheme}{separator}{root / os.path.expanduser(path)}"


def _settings(path: Path) -> dict[str, Any]:
    try:
        return _tables(_tables(tomllib.loads(path.read_text("utf-8")), "tool", path), "ninefold", path)
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"it is not valid TOML: {error}", where=str(path), hint="correct that line") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"it is not UTF-8: {error.reason} at byte {error.start}", where=str(path), hint="save it as UTF-8") from None


def _tables(table: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f'"{key}" is {found!r}, expected a table', where=str(path), hint='such as [tool.ninefold] with the line home = ".ninefold"')
    return found


def _list(key: str, value: Any) -> tuple[str, ...]:
    found = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise UsageError(f'the setting "{key}" is {value!r}', hint=f'write a list of texts: {key} = ["..."]')
    return tuple(found)


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise UsageError(f'the setting "{key}" is "{value}"', hint=closest(value, known))
    return value


def _port(value: Any) -> int:
    try:
        port = int(value) if isinstance(value, str) or type(value) is int else -1
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise UsageError(f"the port is {value!r}", hint="give a number from 0 (any free one) to 65535")
    return port
