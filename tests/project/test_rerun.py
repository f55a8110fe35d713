"""What a second run of a project does: nothing without a reason, and as of a time only what was known then."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ninefold as nf
from ninefold.errors import DataError
from ninefold.project import judging

BEFORE, AS_OF = "2024-02-20T00:00Z", "2024-02-27T00:00Z"
Edit = tuple[str, str]


def ran(folder: Path, as_of: str = AS_OF) -> list[str]:
    """The steps that a run did, and did not find."""
    with nf.open(folder) as project:
        return project.run(as_of=as_of).result.ran


def edit(folder: Path, *edits: Edit) -> None:
    file = folder / "parcels.py"
    text = file.read_text()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)


@pytest.fixture
def settled(tiny_copy: Path) -> Path:
    """The small project, run once more: what was posted since its first run is in."""
    ran(tiny_copy)
    return tiny_copy


HELPER = ("orders: pl.LazyFrame) -> pl.LazyFrame:\n", "orders: pl.LazyFrame) -> pl.LazyFrame:\n    orders = delays.sound(orders)\n")
IMPORT = ("import ninefold as nf\n", "import delays\nimport ninefold as nf\n")
NOTHING: list[Any] = [
    pytest.param([("# the constant in which a test", "# The constant in which one test")], id="a comment"),
    pytest.param([('"""One row for each promised delivery."""', '"""A row is a promise."""')], id="a docstring"),
    pytest.param([("\n\n@nf.table(", "\n\n\n\n\n@nf.table(")], id="moved lines"),
    pytest.param([('key="parcel_id",\n    time', 'key=(\n        "parcel_id"\n    ), time')], id="formatting"),
    pytest.param([('"Two hours before the promised time: will', '"Will')], id="a question"),
    pytest.param([("nf.roc_auc >= 0.60", "nf.roc_auc >= 0.61")], id="a limit"),
]


@pytest.mark.parametrize("edits", NOTHING)
def test_what_changes_no_result_reruns_nothing(settled: Path, edits: list[Edit]) -> None:
    edit(settled, *edits)
    assert ran(settled) == []


def test_a_run_that_fails_while_it_judges_is_told_as_failed(settled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: Any) -> None:
        raise DataError("the evidence is gone")

    monkeypatch.setattr(judging, "judge_models", fails)
    edit(settled, ("nf.roc_auc >= 0.60", "nf.roc_auc >= 0.62"))
    with pytest.raises(DataError):
        ran(settled)
    with nf.open(settled) as project:
        run = project.status().run
    assert run is not None
    assert (run["state"], run["error"]) == ("failed", "the evidence is gone")


def test_a_change_that_comes_to_the_same_stops_there(settled: Path) -> None:
    edit(settled, ("MINUTES_LATE = 15", "MINUTES_LATE = 15.0"))
    assert ran(settled) == ["table/parcels"]


def test_a_helper_in_another_module_reruns_the_table_that_calls_it_and_its_comment_does_not(settled: Path) -> None:
    helper = settled / "delays.py"
    helper.write_text("LEAST = -1000\n\ndef sound(rows):\n    return rows.filter(rows.collect()['weight'] > LEAST)\n")
    edit(settled, HELPER, IMPORT)
    assert ran(settled) == ["table/parcels"]
    helper.write_text("LEAST = -1000  # none\n\ndef sound(rows):\n    '''All of them.'''\n    return rows.filter(rows.collect()['weight'] > LEAST)\n")
    assert ran(settled) == []
    helper.write_text(helper.read_text().replace("-1000", "-999"))
    assert ran(settled) == ["table/parcels"]


def test_a_file_of_a_source_reruns_from_there(settled: Path) -> None:
    data = settled / "data" / "orders.csv"
    data.write_text(data.read_text().replace("p60-39,", "p60-99,"))  # a row that is not known yet as of the run
    assert ran(settled)[:2] == ["source/orders", "table/parcels"]


def test_a_run_that_finds_everything_writes_nothing(settled: Path) -> None:
    with nf.open(settled) as project:
        project.run(as_of=AS_OF)
        before = project.home.ledger.head()
        again = project.run(as_of=AS_OF)
        assert (again.cached, again.result.ran, project.home.ledger.head()) == (True, [], before)


def test_a_later_time_without_news_reruns_nothing_and_one_with_news_no_table(settled: Path) -> None:
    assert ran(settled, "2024-02-27T00:30Z") == []  # nothing is promised or delivered in the night
    news = ran(settled, "2024-02-28T00:00Z")
    assert "model/forecast" in news
    assert not {step for step in news if step.startswith(("source/", "table/"))}


def as_known(text: str, at: datetime) -> str:
    """The orders as they stood at a time: promises of the week ahead are there, what was delivered later is not."""
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        promised = datetime.fromisoformat(row["promised_at"])
        if promised - timedelta(days=7) >= at:
            continue
        late = row["minutes_late"]
        known = late != "NA" and promised + timedelta(minutes=int(late)) < at
        writer.writerow({**row, "minutes_late": late if known else "NA"})
    return out.getvalue()


def test_a_run_as_of_a_time_comes_to_what_a_run_at_that_time_came_to(settled: Path, make_parcels: Callable[[str], Path]) -> None:
    past = make_parcels(as_known((settled / "data" / "orders.csv").read_text(), datetime.fromisoformat(BEFORE)))
    contents = []
    for folder in (settled, past):
        with nf.open(folder) as project:
            contents.append({n: o.content for n, o in project.run(as_of=BEFORE).result.outputs.items()})
    differ = {name for name in contents[0] if contents[0][name] != contents[1][name]}
    assert differ <= {"source/orders", "table/parcels", "view/parcels"}
    assert {"profile/parcels", "model/forecast"} <= contents[0].keys() - differ


@pytest.fixture
def make_parcels(tmp_path: Path) -> Callable[[str], Path]:
    """The small project with other orders; it has not run."""
    import building

    def make(orders: str) -> Path:
        folder: Path = building.write(tmp_path / "then" / "parcels").parent
        (folder / "data" / "orders.csv").write_text(orders)
        return folder

    return make


def test_a_plan_says_what_a_run_does_then_and_does_nothing_itself(settled: Path) -> None:
    edit(settled, ("MINUTES_LATE = 15", "MINUTES_LATE = 20"))
    with nf.open(settled) as project:
        head = project.home.ledger.head()
        planned = {p.name: p for p in project.plan(as_of=AS_OF)}
        assert project.home.ledger.head() == head
        done = project.run(as_of=AS_OF).result
    assert (planned["source/orders"].state, planned["table/parcels"].state, planned["model/forecast"].state) == ("cached", "run", "maybe")
    assert planned["table/parcels"].why == ["the constant parcels.MINUTES_LATE changed"]
    assert set(done.ran) <= {name for name, p in planned.items() if p.state != "cached"}
    assert "model/forecast" in done.ran
