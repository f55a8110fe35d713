"""Freezing: a project's code, lock and settings by digest. Servers, workers and the loop run frozen code only."""

from pathlib import Path

from ninefold.errors import CorruptError, NotFoundError
from ninefold.ids import canonical, digest, digest_of
from ninefold.project.home import Home
from ninefold.project.reading.graph import Graph
from ninefold.storage.durable import write

MANIFEST = "frozen.json"
LOCKS = ("uv.lock", "poetry.lock", "requirements.txt", "requirements.lock", "pylock.toml")


def freeze(graph: Graph, home: Home, main: Path) -> str:
    """Keep the bytes of the project's modules as they were read, and its lock files, under their digest; returns it.

    The same files give the same digest, and are kept once.
    """
    files = {str(path.relative_to(graph.root)): data for path, data in graph.files.items() if path.is_relative_to(graph.root)}
    for name in LOCKS:
        if (graph.root / name).is_file():
            files[name] = (graph.root / name).read_bytes()
    manifest = {
        "project": graph.project,
        "main": str(main.relative_to(graph.root)),
        "files": {name: digest(data) for name, data in sorted(files.items())},
    }
    found = digest_of(manifest)
    folder = home.path("frozen", found)
    if not (folder / MANIFEST).exists():
        for name, data in files.items():
            write(folder / name, data)
        write(folder / MANIFEST, canonical(manifest))  # last: a folder without it is not frozen yet
    return found


def thaw(home: Home, frozen: str) -> Path:
    """The main file of frozen code, its bytes compared with their digests.

    Raises NotFoundError where nothing is frozen under that digest, CorruptError where a file was changed.
    """
    import msgspec

    folder = home.path("frozen", frozen)
    try:
        raw = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"no code is frozen as {frozen[:12]}", hint="deploy again: ninefold deploy ENDPOINT") from None
    manifest = msgspec.json.decode(raw)
    if digest_of(manifest) != frozen:
        raise CorruptError("the list of frozen files was changed", where=str(folder / MANIFEST), hint="deploy again")
    for name, expected in manifest["files"].items():
        if digest((folder / name).read_bytes()) != expected:
            raise CorruptError("a frozen file was changed", where=str(folder / name), hint="deploy again; the loop runs frozen code only")
    main: Path = folder / manifest["main"]
    return main
