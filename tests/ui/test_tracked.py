"""Pages of the runs of scripts: found, looked at, side by side; hostile names and files harm nobody."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold import config
from ninefold.models.registry import Registry
from ninefold.project.home import Home
from ninefold.runs import Point, Runs
from ninefold.runs.inputs import Dataset, DatasetInput, log_inputs
from ninefold.ui import live
from ninefold.ui.reading import Reading

from .conftest import Get, getter

EVIL = '<script>alert("1")</script>'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, either_database: None) -> Iterator[Home]:
    monkeypatch.setenv("NINEFOLD_ANCHOR", str(tmp_path / "anchors"))
    with Home(config.load(tmp_path), "shop") as opened:
        yield opened


@pytest.fixture
def runs(home: Home) -> Runs:
    return Runs(home.ledger, home.blobs)


@pytest.fixture
def get(home: Home) -> Get:
    return getter(home)


@pytest.fixture
def made(runs: Runs) -> list[str]:
    ids = []
    for rate in (0.1, 0.3, 1.0):
        run = runs.start("shop", "forecast", name=f"rate {rate}", params={"rate": rate, "seed": 7}, tags={"team": "north"})
        runs.log_points(run.id, [Point("val/loss", math.exp(-rate * step / 9), step, step) for step in range(200)])
        runs.log(run.id, {"auc": 0.5 + rate / 3})
        ids.append(run.id)
    runs.add_artifact(ids[0], "notes.md", b"# It learns <b>slowly</b>")
    runs.add_artifact(ids[0], "plots/roc.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    log_inputs(runs.ledger, ids[0], [DatasetInput(Dataset("sales", "d" * 8, "local", "{}"), {"context": "training"})])
    runs.start("shop", "forecast", name="part", parent=ids[0])
    runs.end(ids[2], "failed")
    return ids


def test_runs_are_found_by_a_filter_in_an_order_with_columns(get: Get, made: list[str]) -> None:
    page = get("/runs?where=metrics.auc+%3E+0.55&order=-metrics.auc&show=params.rate,metrics.auc").text
    assert page.index("rate 1.0") < page.index("rate 0.3") and "rate 0.1" not in page
    found = get("/api/runs?order=-metrics.auc&show=params.rate,metrics.auc").json["tracked"]
    assert [one["cells"][0] for one in found["runs"]] == ["1.0", "0.3", "0.1", None]
    wrong = get("/runs?where=metric.auc+%3E+1")
    assert wrong.status == 200 and "runs have no" in wrong.text and 'aria-invalid="true"' in wrong.text
    assert "No run is like that" in get("/runs?where=name+%3D+nobody").text


def test_pages_of_runs_go_on_by_key(get: Get, runs: Runs) -> None:
    for n in range(60):
        runs.start("shop", "many", name=f"n{n:02d}")
    first = get("/api/runs?order=name").json["tracked"]
    second = get(first["following"].replace("/runs", "/api/runs")).json["tracked"]
    assert [one["name"] for one in (*first["runs"], *second["runs"])] == [f"n{n:02d}" for n in range(60)] and second["following"] is None


def test_a_run_shows_what_was_logged_to_it(get: Get, made: list[str]) -> None:
    page = get(f"/runs/{made[0]}").text
    for said in ("rate 0.1", "val/loss", "sales", "training", "notes.md", "part", "north", "Its parts"):
        assert said in page, said
    assert page.count("<svg") == 1  # auc has one point: a number says it
    read = get(f"/runs/{made[0]}?file=notes.md").text
    assert "# It learns &lt;b&gt;slowly&lt;/b&gt;" in read
    large = get(f"/runs/{made[0]}?metric=val%2Floss&scale=log").text
    assert "Plain scale" in large and "All metrics" in large
    assert "failed" in get(f"/runs/{made[2]}").text


def test_runs_stand_side_by_side(get: Get, made: list[str]) -> None:
    page = get(f"/runs/compare?ids={','.join(made)}")
    assert page.status == 200 and "3 runs side by side" in page.text.lower() and "1 parameter is the same" in page.text
    data = get(f"/api/runs/compare?ids={made[0]}&ids={made[1]}").json
    assert [d["name"] for d in data["params"]] == ["rate"] and [c["metric"] for c in data["curves"]] == ["val/loss"]
    assert get(f"/runs/compare?ids={made[0]},nobody").status == 404
    assert get("/runs/compare?ids=" + ",".join("abcdefghi")).status == 400


def test_what_is_no_number_is_told_from_what_is_missing(get: Get, runs: Runs) -> None:
    ids = [runs.start("shop", "odd", params={"rate": rate}).id for rate in (0.1, 0.2, 0.3)]
    for run, loss, gap in zip(ids, (math.nan, math.inf, -math.inf), (0.5, math.nan, 0.7), strict=True):
        runs.log(run, {"loss": loss, "gap": gap}, step=1)
    compared = f"/runs/compare?ids={','.join(ids)}"
    for page in (get("/runs").text, get(compared).text):
        assert all(f'<td class="n">{said}</td>' in page for said in ("not a number", "∞", "−∞"))
    data = get(compared.replace("/runs", "/api/runs")).json
    # no axis and no curve of what has no finite value
    assert [d["name"] for d in data["axes"]] == ["rate", "gap"] and [c["metric"] for c in data["curves"]] == ["gap"]
    assert {d["name"]: d["values"] for d in data["metrics"]} == {"gap": [0.5, None, 0.7], "loss": [None] * 3}


def test_files_are_given_to_be_saved_and_never_run(get: Get, made: list[str]) -> None:
    for path, kind in (("plots/roc.svg", "image/svg+xml"), ("notes.md", "application/octet-stream")):
        got = get(f"/runs/{made[0]}/files/{path}")
        assert got.status == 200 and got.headers["content-type"] == kind
        assert got.headers["content-disposition"].startswith("attachment") and "sandbox" in got.headers["content-security-policy"]
    assert get(f"/runs/{made[0]}/files/../../x").status in {400, 404} and get(f"/runs/{made[0]}/files/none").status == 404


def test_a_run_of_another_project_is_not_shown(get: Get, runs: Runs) -> None:
    theirs = runs.start("other", "secret", name="theirs").id
    runs.add_artifact(theirs, "a.txt", b"secret")
    assert get(f"/runs/{theirs}").status == 404 and get(f"/runs/{theirs}/files/a.txt").status == 404
    assert get(f"/runs/compare?ids={theirs},{theirs}x").status == 404 and "theirs" not in get("/runs").text


def test_a_project_that_only_clients_log_to_has_pages(get: Get, runs: Runs) -> None:
    made = runs.start("other", "sweep", name="theirs").id
    Registry(runs.ledger, "third").create("churn")
    for path in ("/~other/", "/~other/runs", f"/~other/runs/{made}", f"/~other/api/runs/{made}", "/~third/models"):
        assert get(path).status == 200, path
    assert "theirs" in get("/~other/runs").text and 'href="/~other/"' in get("/~third/models").text
    assert get("/~others/runs").status == 404 and "did you mean &#34;other&#34;?" in get("/~others/runs").text


def test_what_clients_registered_is_on_the_pages(get: Get, runs: Runs) -> None:
    registry = Registry(runs.ledger, "shop")
    assert "No model yet" in get("/models").text
    registry.create("churn, west? 50%", description="who leaves")
    path = "/models/churn%2C%20west%3F%2050%25"
    assert "No version yet" in get(path).text
    run = runs.start("shop", "sweep", name="fit").id
    first = registry.register("churn, west? 50%", "s3://bo:secret@models/churn/7", run, description="the first", actor="ada")
    registry.register("churn, west? 50%", "s3://models/churn/8", actor="ada")
    registry.set_alias(first.name, "best", 1)
    registry.to_stage(first.name, 1, "Staging")
    assert all(text in get("/models").text for text in ("who leaves", "version 2 registered", f'href="{path}"'))
    newest, one = get(path).text, get(f"{path}/1").text
    assert "version 2" in newest and "s3://models/churn/8" in newest and f'href="{path}/1"' in newest and "No version" not in newest
    for said in ("s3://bo:***@models/churn/7", "the first", "<dd>ada</dd>", "best", "Staging", f'href="/runs/{run}"', f'href="/api{path}/1"'):
        assert said in one, said
    assert "secret" not in one and f'href="{path}/1"' in get(f"/runs/{run}").text
    assert [get(f"{path}/{wrong}").status for wrong in ("3", "01", "9" * 5000, "x")] == [404] * 4
    Registry(runs.ledger, "shop").remove(first.name)
    assert "No model yet" in get("/models").text and get(path).status == 200 and "deleted" in get(path).text


def test_hostile_names_are_only_text(get: Get, runs: Runs) -> None:
    run = runs.start("shop", EVIL, name=EVIL, params={EVIL: EVIL}, tags={EVIL: EVIL}).id
    other = runs.start("shop", EVIL, name=EVIL, params={EVIL: "x"}).id
    for step in range(3):
        runs.log(run, {EVIL: step, "nan": math.nan, "inf": math.inf}, step=step)
    runs.add_artifact(run, f"{EVIL.replace('/', '_')}.txt", EVIL.encode())
    for path in ("/runs", f"/runs/{run}", f"/runs/compare?ids={run},{other}", "/experiments", f"/runs/{run}?file=x&metric=%3Cscript%3E"):
        got = get(path)
        assert got.status == 200 and "<script>alert" not in got.text, path


def test_a_large_run_is_a_small_page(get: Get, runs: Runs) -> None:
    run = runs.start("shop", "large")
    for n in range(200):
        runs.log_points(run.id, [Point(f"layer{n}/norm", math.sin(step / 9 + n), step, step) for step in range(300)])
    assert len(get(f"/runs/{run.id}").body) < 60_000


def test_an_open_page_hears_of_points_that_are_no_facts(home: Home, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.01)
    run = runs.start("shop", "e")

    async def heard() -> str:
        events = live.heads(Reading(home), home.ledger.head(), run.id)
        following = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.2)
        assert not following.done()
        await asyncio.to_thread(runs.log, run.id, {"loss": 1.0})
        return (await asyncio.wait_for(following, 5)).name

    assert asyncio.run(heard()) == "head"
