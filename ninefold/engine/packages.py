"""Which distribution a module comes from, and its version: what stands in a key for code that is not the project's."""

import site
import sys
import sysconfig
from functools import lru_cache
from importlib import metadata
from pathlib import Path

# modules whose distribution has another name and that nearly every project reaches: the full map costs 50 ms to build
_OTHER_NAME = {"sklearn": "scikit-learn", "yaml": "PyYAML", "PIL": "pillow", "dateutil": "python-dateutil", "bs4": "beautifulsoup4"}


@lru_cache(1)
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")} | set(site.getsitepackages()) | {site.getusersitepackages()}
    return tuple({str(Path(f).resolve()) + "/" for f in folders} | {f.rstrip("/") + "/" for f in folders})


@lru_cache(4096)
def is_project_file(file: str, roots: tuple[Path, ...] = ()) -> bool:
    """Whether code in ``file`` is the project's own: not installed, not Python's, not ours; notebook cells count as well.

    What is installed from a path (editable) is project code too: its version number says nothing about its state. ``roots``
    are folders whose code is followed wherever they lie.
    """
    if file.startswith("<ipython") or "ipykernel" in file:
        return True
    if file.startswith("<"):
        return False
    path = Path(file)
    if any(root in path.parents for root in roots) and not file.startswith(tuple(f for f in _library_folders() if "-packages" in f)):
        return True
    return not file.startswith((*_library_folders(), str(Path(__file__).parents[1]) + "/")) and "/site-packages/" not in file


def is_standard(module: str) -> bool:
    """Whether a module is Python's own."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in sys.builtin_module_names or top == "__future__"


@lru_cache(1024)
def distribution_of(module: str) -> tuple[str, str] | None:
    """Name and version of the distribution that a module's top-level package comes from, None if it comes from none.

    >>> distribution_of("msgspec.json")[0]
    'msgspec'
    """
    top = module.partition(".")[0]
    for name in (_OTHER_NAME.get(top, top), top.replace("_", "-")):
        try:
            return name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    names = _by_module().get(top)
    return (names[0], metadata.version(names[0])) if names else None


@lru_cache(1)
def _by_module() -> dict[str, list[str]]:
    return {module: sorted(names) for module, names in metadata.packages_distributions().items()}
