"""The registry: numbers, aliases, stages, sources, what is whose; every change a fact."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ninefold.endpoints import records as releases
from ninefold.errors import ConflictError, DeniedError, NotFoundError, UsageError
from ninefold.ledger import Ledger
from ninefold.models.records import add_version
from ninefold.models.registry import Registry
from ninefold.runs.experiments import Experiments
from ninefold.runs.records import Runs

P = "flights"
BUCKET = "s3://models/churn"


@pytest.fixture
def ledger(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path / "anchors") as opened:
        yield opened


@pytest.fixture
def registry(ledger: Ledger) -> Registry:
    return Registry(ledger, P)


@pytest.fixture
def churn(registry: Registry) -> Registry:
    registry.create("churn")
    return registry


def run_of(ledger: Ledger) -> tuple[str, str]:
    run = Runs(ledger).begin(P, Experiments(ledger, P).default().id, name="fit")
    return run.id, run.root


def own(ledger: Ledger, model: str = "forecast", digest: str = "d1") -> int:
    return add_version(ledger, P, model, bundle=f"b-{digest}", digest=digest, body={}).version


def test_a_model_has_numbered_versions(churn: Registry) -> None:
    assert [churn.register("churn", BUCKET).version for _ in range(3)] == [1, 2, 3]
    assert churn.get("churn").latest[0].version == 3
    assert churn.version("churn", 2).root == BUCKET
    with pytest.raises(ConflictError, match="already"):
        churn.create("churn")
    with pytest.raises(NotFoundError, match="no model"):
        churn.register("chrun", BUCKET)


def test_numbers_are_not_given_again(churn: Registry) -> None:
    churn.register("churn", BUCKET)
    churn.register("churn", BUCKET)
    churn.remove_version("churn", 2)
    assert churn.register("churn", BUCKET).version == 3
    churn.remove("churn")
    churn.create("churn")
    assert churn.register("churn", BUCKET).version == 4
    with pytest.raises(NotFoundError):
        churn.version("churn", 2)


def test_numbers_of_versions_made_at_once_differ(churn: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: churn.register("churn", BUCKET).version, range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_a_request_that_comes_again_is_one_version(churn: Registry) -> None:
    first = churn.register("churn", BUCKET, retry="r-1")
    assert churn.register("churn", BUCKET, retry="r-1").version == first.version
    assert churn.register("churn", BUCKET, retry="r-2").version == 2
    assert churn.register("churn", BUCKET).version == 3
    with pytest.raises(ConflictError, match="key"):
        churn.register("churn", f"{BUCKET}/other", retry="r-1")


def test_aliases_lead_to_versions(churn: Registry) -> None:
    for _ in range(2):
        churn.register("churn", BUCKET)
    churn.set_alias("churn", "champion", 1)
    churn.set_alias("churn", "champion", 2)
    churn.set_alias("churn", "old", 1)
    assert churn.by_alias("churn", "champion").aliases == ["champion"]
    assert churn.by_alias("churn", "latest").version == 2
    assert churn.get("churn").aliases == {"champion": 2, "old": 1}
    churn.remove_version("churn", 1)
    assert churn.get("churn").aliases == {"champion": 2}
    churn.drop_alias("churn", "champion")
    churn.drop_alias("churn", "champion")
    with pytest.raises(NotFoundError, match="no alias"):
        churn.by_alias("churn", "champion")


@pytest.mark.parametrize("alias", ["", "latest", "LATEST", "v1", "V12", "a b", "a/b", "x" * 256])
def test_aliases_that_mean_something_else(churn: Registry, alias: str) -> None:
    churn.register("churn", BUCKET)
    with pytest.raises(UsageError):
        churn.set_alias("churn", alias, 1)


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", "a\x00b", "a\nb", "..", "x" * 251])
def test_names_that_no_path_or_uri_could_hold(registry: Registry, name: str) -> None:
    with pytest.raises(UsageError):
        registry.create(name)


def test_stages(churn: Registry) -> None:
    for _ in range(3):
        churn.register("churn", BUCKET)
    churn.to_stage("churn", 1, "production")
    churn.to_stage("churn", 2, "Production", archive=True)
    assert [churn.version("churn", n).stage for n in (1, 2, 3)] == ["Archived", "Production", "None"]
    assert [v.version for v in churn.latest("churn", ["Production"])] == [2]
    assert sorted(v.version for v in churn.latest("churn")) == [1, 2, 3]
    with pytest.raises(UsageError, match="stage"):
        churn.to_stage("churn", 1, "live")
    with pytest.raises(UsageError, match="archive"):
        churn.to_stage("churn", 1, "None", archive=True)


def test_a_model_that_is_renamed_keeps_everything(churn: Registry) -> None:
    churn.register("churn", BUCKET, tags={"a": "1"})
    churn.set_alias("churn", "champion", 1)
    churn.set_tag("churn", "team", "crm")
    churn.rename("churn", "leavers")
    assert churn.get("leavers").tags == {"team": "crm"}
    assert churn.by_alias("leavers", "champion").tags == {"a": "1"}
    with pytest.raises(NotFoundError):
        churn.get("churn")
    churn.create("churn")
    assert churn.register("churn", BUCKET).version == 2
    with pytest.raises(ConflictError):
        churn.rename("leavers", "churn")


def test_tags_and_descriptions(churn: Registry) -> None:
    churn.register("churn", BUCKET)
    churn.set_version_tag("churn", 1, "k", "v")
    churn.set_version_tag("churn", 1, "k", "w")
    churn.describe_version("churn", 1, "the first")
    churn.describe("churn", "who leaves")
    version = churn.version("churn", 1)
    assert (version.tags, version.description, churn.get("churn").description) == ({"k": "w"}, "the first", "who leaves")
    churn.drop_version_tag("churn", 1, "k")
    churn.drop_version_tag("churn", 1, "k")
    assert churn.version("churn", 1).tags == {}
    with pytest.raises(UsageError):
        churn.set_tag("churn", "k" * 251, "v")
    with pytest.raises(NotFoundError):
        churn.set_version_tag("churn", 9, "k", "v")


def test_sources_of_runs(churn: Registry, ledger: Ledger) -> None:
    run, root = run_of(ledger)
    assert churn.register("churn", f"runs:/{run}/model", run).root == f"{root}/model"
    assert churn.register("churn", f"{root}/model", run).run == run
    copied = churn.register("churn", "models:/churn/1")
    assert (copied.root, copied.run) == (f"{root}/model", run)
    churn.set_alias("churn", "champion", 1)
    assert churn.register("churn", "models:/churn@champion").root == f"{root}/model"


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd", "/etc/passwd", "etc/passwd", "http://169.254.169.254/latest", "https://elsewhere.example.org/model",
        "mlflow-artifacts:/0/../../etc", "{root}/../../other", "{root}/%2e%2e/x", "{root}/%252e%252e/x", "{root}x", "runs:/other/model",
        "runs://host/{run}/model", "mlflow-artifacts://evil.example.org/0/a", "s3://bucket/../../x", "s3://b/\\..\\x", "s3://b/a\x00b",
        "models:/m-1", "models:/none/1", "models://host/churn/1", "ftp://host/model", "javascript:alert(1)", "data:text/html,x", "",
    ],
)  # fmt: skip
def test_sources_that_are_none(churn: Registry, ledger: Ledger, source: str) -> None:
    run, root = run_of(ledger)
    with pytest.raises(UsageError) as caught:
        churn.register("churn", source.format(root=root, run=run), run)
    assert caught.value.where == "source"
    assert churn.get("churn").latest == []


def test_a_path_that_only_looks_like_it_is_inside_needs_its_run(churn: Registry, ledger: Ledger) -> None:
    _, root = run_of(ledger)
    with pytest.raises(UsageError):
        churn.register("churn", f"{root}/model")
    other, _ = run_of(ledger)
    with pytest.raises(UsageError):
        churn.register("churn", f"{root}/model", other)


def test_what_the_project_made_is_there_too(registry: Registry, ledger: Ledger) -> None:
    own(ledger)
    own(ledger, digest="d2")
    registry.set_tag("forecast", "team", "ops")
    registry.set_alias("forecast", "reviewed", 1)
    registry.describe("forecast", "late flights")
    registry.describe_version("forecast", 2, "the second")
    registry.set_version_tag("forecast", 2, "k", "v")
    model, second = registry.get("forecast"), registry.version("forecast", 2)
    assert (model.own, model.description, model.tags, model.aliases) == (True, "late flights", {"team": "ops"}, {"reviewed": 1})
    assert (second.own, second.description, second.tags, second.bundle) == (True, "the second", {"k": "v"}, "d2")
    assert own(ledger, digest="d3") == 3


def test_what_the_project_made_is_not_clients_to_change(registry: Registry, ledger: Ledger) -> None:
    own(ledger)
    for change in (
        lambda: registry.register("forecast", BUCKET),
        lambda: registry.remove("forecast"),
        lambda: registry.rename("forecast", "other"),
        lambda: registry.remove_version("forecast", 1),
        lambda: registry.to_stage("forecast", 1, "Production"),
        lambda: registry.set_alias("forecast", "champion", 1),
        lambda: registry.drop_alias("forecast", "champion"),
    ):
        with pytest.raises(DeniedError):
            change()


def test_the_champion_is_who_answers(registry: Registry, ledger: Ledger) -> None:
    own(ledger)
    own(ledger, digest="d2")
    shared = {"project": P, "endpoint": "desk", "model": "forecast", "kind": "full", "share": 1.0}
    ledger.write(lambda tx: releases.start(tx, **shared, version=1, state="champion", at=1))
    assert registry.get("forecast").aliases == {"champion": 1}
    ledger.write(lambda tx: releases.end(tx, releases.current(tx, P, "desk")[0], "replaced"))
    ledger.write(lambda tx: releases.start(tx, **shared, version=2, state="champion", at=2))
    assert registry.by_alias("forecast", "champion").version == 2


def test_a_name_that_clients_used_first_goes_on(churn: Registry, ledger: Ledger) -> None:
    churn.register("churn", BUCKET)
    assert own(ledger, "churn") == 2
    assert (churn.version("churn", 1).own, churn.version("churn", 2).own) == (False, True)
    with pytest.raises(DeniedError):
        churn.register("churn", BUCKET)


def test_every_change_is_a_fact_without_what_tags_say(churn: Registry, ledger: Ledger) -> None:
    churn.register("churn", "s3://me:secret@models/churn", actor="ada")
    churn.set_tag("churn", "note", "personal text")
    churn.to_stage("churn", 1, "Staging")
    churn.remove_version("churn", 1)
    facts = ledger.facts(prefix=f"{P}/model/churn")
    assert [f.kind for f in facts] == ["model.registered", "version.registered", "model.tagged", "version.stage", "version.deleted"]
    assert facts[1].actor == "ada"
    told = str([f.body for f in facts])
    assert "secret" not in told
    assert "personal text" not in told


def test_projects_do_not_see_each_other(churn: Registry, ledger: Ledger) -> None:
    churn.register("churn", BUCKET)
    other = Registry(ledger, "other")
    with pytest.raises(NotFoundError):
        other.get("churn")
    run, root = run_of(ledger)
    other.create("churn")
    with pytest.raises(UsageError):
        other.register("churn", f"{root}/model", run)
