"""What a project trains is there as runs: one for the competition, one below it for each candidate, once."""

from pathlib import Path

import msgspec
import pytest

import ninefold as nf
from ninefold import config
from ninefold.project.home import Home
from ninefold.runs import Runs
from ninefold.runs.many import Detail, details
from ninefold.runs.searching.runs import search_runs


@pytest.fixture(scope="module")
def tracked(tiny_project: Path) -> tuple[Detail, list[Detail]]:
    """The competition of the project's model, and its candidates."""
    with Home(config.load(tiny_project), "parcels") as home:
        found = list(details(home.ledger, search_runs(home.ledger, "parcels", None)[0]).values())
    parents = [one for one in found if one.run.parent is None]
    assert len(parents) == 1
    return parents[0], [one for one in found if one.run.parent == parents[0].run.id]


def test_the_competition_says_which_version_it_made_and_who_won(tracked: tuple[Detail, list[Detail]]) -> None:
    whole, candidates = tracked
    winners = {one.tags["candidate"] for one in candidates if one.tags["winner"] == "true"}
    assert (whole.run.status, whole.tags["model"], whole.tags["version"], {whole.tags["winner"]}) == ("done", "forecast", "1", winners)


def test_every_candidate_has_its_loss_on_validate_and_on_test(tracked: tuple[Detail, list[Detail]]) -> None:
    for one in tracked[1]:
        names = {point.key.partition("/")[0] for point in one.metrics}
        assert {"validate", "test"} <= names, one.run.name
        assert one.run.ended is not None
        assert one.run.started <= one.run.ended
        assert len(one.tags["step"]) == 64


def test_the_report_and_the_manifest_are_files_of_the_competition(tiny_project: Path, tracked: tuple[Detail, list[Detail]]) -> None:
    with Home(config.load(tiny_project), "parcels") as home:
        runs = Runs(home.ledger, home.blobs)
        whole = tracked[0]
        report = msgspec.json.decode(runs.read_artifact(whole.run.id, "report.json"))
        manifest = msgspec.json.decode(runs.read_artifact(whole.run.id, "bundle/manifest.json"))
    assert report["chosen"]["winner"] == whole.tags["winner"]
    assert manifest["about"]["candidate"] == whole.tags["winner"]


def test_a_run_that_finds_everything_stored_records_none(tiny_copy: Path) -> None:
    def count() -> int:
        with Home(config.load(tiny_copy), "parcels") as home:
            return len(search_runs(home.ledger, "parcels", None)[0])

    with nf.open(tiny_copy) as project:
        project.run(as_of="2024-02-27T00:00Z")
    before = count()
    with nf.open(tiny_copy) as project:
        assert project.run(as_of="2024-02-27T00:00Z").result.ran == []
    assert count() == before > 2
