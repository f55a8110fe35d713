"""What versions are made of: other versions by every name that clients have for them, files whose names hold percent signs."""

from typing import Any
from urllib.parse import quote

import pytest
from asked import FILES, Asked


@pytest.fixture
def two(asked: Asked) -> Asked:
    """The model ``rl`` with two versions, the first in production under an alias; ``other`` without one."""
    for name in ("rl", "other", "none"):
        asked.done("registered-models/create", name=name)
    for number in (1, 2):
        asked.done("model-versions/create", name="rl", source=f"s3://models/{number}")
    asked.done("registered-models/alias", name="rl", alias="champ", version="1")
    asked.done("model-versions/transition-stage", name="rl", version="1", stage="Production")
    return asked


def made(asked: Asked, name: str, source: str, **more: Any) -> dict[str, Any]:
    """The version that is made of a source."""
    found: dict[str, Any] = asked.done("model-versions/create", name=name, source=source, **more)["model_version"]
    return found


def test_a_version_is_named_by_latest_stage_or_alias_and_kept_by_its_number(two: Asked) -> None:
    newest, first = ("rl/latest", "rl/LATEST", "rl@latest", "rl/None", "rl/02"), ("rl/Production", "rl/production", "rl@champ", "rl/1/")
    for number, names in ((2, newest), (1, first)):
        for name in names:
            version = made(two, "other", f"models:/{name}")
            assert version["source"] == f"models:/rl/{number}", name
            uri = two.get("model-versions/get-download-uri", name="other", version=version["version"]).json["artifact_uri"]
            assert uri == f"s3://models/{number}", name
    two.done("registered-models/alias", name="rl", alias="champ", version="2")
    sources = [v["source"] for v in two.get("model-versions/search", filter="name = 'other'").json["model_versions"]]
    assert [sources.count(f"models:/rl/{number}") for number in (1, 2)] == [len(first), len(newest)]


def test_what_names_no_version_is_refused(two: Asked) -> None:
    for name in ("rl/Staging", "rl/live", "none/latest", "none/Production", "rl@none", "rl/3", "rl/-1", "rl/1/2", "rl/latest/x", "nobody/latest"):
        said = two.post("model-versions/create", name="other", source=f"models:/{name}")
        assert (said.code, "Invalid model version source" in said.json["message"]) == ("INVALID_PARAMETER_VALUE", True), name


def test_a_source_with_percent_signs_names_what_the_client_wrote(asked: Asked, run: str) -> None:
    root = asked.run(run)["info"]["artifact_uri"]

    def at(uri: str) -> str:  # as clients ask for it: what reads as encoded stays as it is
        return f"{FILES}artifacts/{quote(uri.removeprefix('mlflow-artifacts:/'), safe='/%')}/MLmodel"

    asked.done("registered-models/create", name="n")
    for folder in ("a%2525", "a%2520b", "a%20b", "50% m", "c%23d", "ü"):
        assert asked.call("PUT", at(f"{root}/{folder}"), folder.encode(), "application/octet-stream").status == 200
        for source in (f"{root}/{folder}", f"runs:/{run}/{folder}", "models:/n/latest"):
            version = made(asked, "n", source, run_id=run)["version"]
            uri = asked.get("model-versions/get-download-uri", name="n", version=version).json["artifact_uri"]
            assert asked.call("GET", at(uri)).body.decode() == folder, uri
            listed = asked.get(f"{FILES}artifacts", path=uri.removeprefix("mlflow-artifacts:/")).json
            assert [file["path"] for file in listed["files"]] == ["MLmodel"], uri
            assert asked.get("/model-versions/get-artifact", name="n", version=version, path="MLmodel").body.decode() == folder
