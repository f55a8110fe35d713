"""The files of a version that the project itself made, where clients can fetch them: its bundle, as it was deployed."""

from ninefold.errors import NotFoundError
from ninefold.models.records import version as made_by_us
from ninefold.models.registry import RegisteredVersion
from ninefold.protocols.mlflow.tracking import Place
from ninefold.runs.experiments import ROOT

FOLDER = "bundles"  # beside the numbers of experiments


def bundle(place: Place, found: RegisteredVersion) -> str:
    """The URI of the folder with the bundle's files; put there when somebody first asks.

    NotFoundError where the bundle does not lie in this home.
    """
    made = made_by_us(place.ledger, place.project, found.name, found.version)
    folder, to = place.home.path("bundles", made.bundle), f"{FOLDER}/{made.digest}"
    if not folder.is_dir():
        raise NotFoundError(f"the bundle of {found.name}@{found.version} is not in this home", hint="fetch it where the project runs")
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and place.files.find(f"{to}/{path.name}") is None:
            place.files.put(f"{to}/{path.name}", path)
    return ROOT + to
