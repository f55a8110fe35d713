"""The clumsy user at the command line: each mistake is told with its place and the way out, and the right exit code."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ninefold.cli import cli
from ninefold.cli.report import report

sys.path.append(str(Path(__file__).parent.parent / "projects"))
import building

AS_OF = ("--as-of", "2024-02-27T00:00")
RUN = ("run", "parcels.py", *AS_OF)
Cli = Callable[..., tuple[int, str, str]]
Edit = tuple[str, str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    building.write(tmp_path / "parcels")
    return tmp_path / "parcels"


@pytest.fixture
def ninefold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in this process: exit code, standard output, standard error."""

    def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["ninefold", *arguments])
        capsys.readouterr()
        code = report(cli)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def edit(file: Path, edits: Sequence[Edit]) -> None:
    text = file.read_text()
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after, 1)
    file.write_text(text)


def claims(told: tuple[int, str, str], code: int, *said: str) -> None:
    assert told[0] == code, told
    assert all(text in told[2] for text in said), told[2]
    assert "Traceback" not in told[2]
    assert "ninefold itself failed" not in told[2]


case = pytest.param
BODY = 'promised_at = pl.col("promised_at")'
BROKEN = [
    case([('key="parcel_id"', 'key="parcelid"')], ["parcels.py:", "key=", 'did you mean "parcel_id"'], id="key="),
    case([('time="promised_at"', 'time="promisd_at"')], ["parcels.py:", "time=", 'did you mean "promised_at"'], id="time="),
    case([('"minutes_late": "delivered_at"', '"minuts_late": "delivered_at"')], ["later=", 'did you mean "minutes_late"'], id="later="),
    case([('"minutes_late": "delivered_at"', '"minutes_late": "deliverd_at"')], ["later=", 'did you mean "delivered_at"'], id="later at"),
    case([('by="depot", at', 'by="depott", at')], ["parcels.py:", '"depott"', 'did you mean "depot"'], id="by="),
    case([('nf.mean("minutes_late", "6h")', 'nf.mean("minuteslate", "6h")')], ["parcels.py:55", 'did you mean "minutes_late"'], id="feature"),
    case([('"region", "weight"]', '"regionn", "weight"]')], ["parcels.py:", 'did you mean "region"'], id="bare"),
    case([('pl.col("promised_at").dt.hour()', 'pl.col("promisedat").dt.hour()')], ["parcels.py:", "promised_at"], id="expression"),
    case([('nf.between("weight"', 'nf.between("wait"')], ["parcels.py:", 'did you mean "weight"'], id="expectation"),
    case([('nf.binary("late", of', 'nf.binary("lait", of')], ["parcels.py:16", 'did you mean "late"'], id="label"),
    case([('of="parcels"', 'of="parcel"')], ["parcels.py:16", 'did you mean "parcels"'], id="table"),
    case([("orders: pl.LazyFrame", "ordres: pl.LazyFrame")], ["parcels.py:36", 'did you mean "orders"'], id="parameter"),
    case([('nf.helps("load")', 'nf.helps("lod")')], ["parcels.py:51", 'did you mean "load"'], id="hypothesis"),
    case([("nf.Problem(", "nf.Problm(")], ["parcels.py:12", 'did you mean "Problem"'], id="noun"),
    case([('owner="dispatch"', 'ownr="dispatch"')], ["parcels.py:12", 'did you mean "owner"'], id="keyword"),
    case([('tz="Europe/Rome"', 'tz="Europe/Roma"')], ["parcels.py:", "Europe/Roma", "IANA"], id="zone"),
    case([('"6h"', '"6 hrs"')], ["parcels.py:55", "6 hrs", "no duration"], id="duration"),
    case([("nf.roc_auc >= 0.60", "0.5 <= nf.roc_auc <= 0.60")], ["parcels.py:18", "two criteria"], id="chained comparison"),
    case([('"region", "weight"]', '"region", "minutes_late"]')], ["parcels.py:62", "leak", "delivered_at", "leave it out"], id="leak"),
    case([('"region", "weight"]', '"region", "late"]')], ["parcels.py:62", "to be predicted"], id="label as a feature"),
    case([('pl.col("promised_at").dt.hour()', 'pl.col("minutes_late") * 2')], ["parcels.py:62", "leak", "delivered_at"], id="leak by expression"),
    case([('known="promised_at - 7d"', 'known="promised_at + 1h"')], ["parcels.py:57", "ahead", "known="], id="leak ahead"),
    case([(BODY, 'raise ValueError("boom")')], ["parcels.py:38", "ValueError: boom"], id="table raises"),
    case([(BODY, "import sys; sys.exit(3)")], ["parcels.py:38", "SystemExit"], id="table exits"),
    case([(BODY, "def f(): return f()\n    f()")], ["parcels.py:38", "RecursionError"], id="table recurses"),
    case([("    return orders.with_columns(", "    orders.with_columns(")], ["parcels.py:28", "returned None", "return"], id="table returns nothing"),
    case([(BODY, 'return orders.select(pl.col("nope"))')], ["parcels.py:28", "nope"], id="table fails lazily"),
    case([('pl.col("minutes_late") > MINUTES_LATE', 'pl.col("minutes_late") > 5000')], ["nothing to tell apart", "another label"], id="one class"),
    case([(BODY, "x = (")], ["parcels.py:38", "never closed"], id="no Python"),
    case([("import ninefold as nf\n", "import ninefold as nf\n1 / 0\n")], ["parcels.py:8", "ZeroDivisionError"], id="raises at import"),
    case([("import ninefold as nf\n", "import ninefold as nf\nimport sys; sys.exit(0)\n")], ["parcels.py:8", "__main__"], id="exits at import"),
    case([("import ninefold as nf\n", "import ninefold as nf\ndef f(): return f()\nf()\n")], ["RecursionError"], id="recurses at import"),
    case([("congestion = ", 'load = nf.Hypothesis("a", nf.helps("calendar"))\ncongestion = ')], ["declared twice", "rename"], id="names collide"),
    case([("LogisticRegression(max_iter=300)", "object()")], ["parcels.py:60", "fit and predict"], id="no estimator"),
    case([("LogisticRegression(max_iter=300)", "lightgbm.LGBMRegressor()")], ["parcels.py:64", "choose a classifier"], id="regressor"),
    case([("LogisticRegression(max_iter=300)", "LogisticRegression(max_iter=-3)")], ["parcels.py:", "not be fitted", "max_iter"], id="fit"),
]


@pytest.mark.parametrize(("edits", "said"), BROKEN)
def test_a_mistake_in_the_file_is_told_with_its_place(project: Path, ninefold: Cli, edits: list[Edit], said: list[str]) -> None:
    edit(project / "parcels.py", edits)
    claims(ninefold(project, *RUN), 1, *said)


def test_a_cycle_is_told(project: Path, ninefold: Cli) -> None:
    other = '@nf.table(key="parcel_id", time="promised_at")\ndef other(parcels: pl.LazyFrame) -> pl.LazyFrame:\n    return parcels\n\n\n@nf.metric'
    edit(project / "parcels.py", [("(orders: pl.LazyFrame)", "(orders: pl.LazyFrame, other: pl.LazyFrame)"), ("@nf.metric", other)])
    claims(ninefold(project, *RUN), 1, "parcels → other → parcels")


def test_a_model_that_cannot_be_exported_says_so_and_the_others_compete(project: Path, ninefold: Cli) -> None:
    own = "\nclass Own(LogisticRegression):\n    def predict_proba(self, x):\n        return super().predict_proba(x)[:, ::-1]\n"
    drop = 'trees_win = nf.Hypothesis("Trees beat a linear model", nf.beats("trees", "linear"))'
    file = project / "parcels.py"
    edit(file, [("import ninefold as nf\n", "import ninefold as nf\n" + own), ("LogisticRegression(max_iter=300)", "Own()"), (drop, "")])
    code, out, _ = ninefold(project, *RUN)
    assert (code, "forecast.linear does not compete" in out, "cannot be exported" in out, "forecast@1" in out) == (0, True, True, True)


HEADER = b"parcel_id,depot,region,weight,promised_at,minutes_late\n"
SOURCES = [
    case(None, ["orders.csv", "no such file"], id="missing"),
    case(b"", ["orders.csv", "empty"], id="empty"),
    case(HEADER, ["parcels"], id="only a header"),
    case(HEADER + b"p1,n\xe9rth,h,1,2024-01-01T00:00:00Z,3\n", ["orders.csv", "utf-8"], id="not UTF-8"),
    case(bytes(range(256)) * 20, ["orders.csv", "no"], id="binary"),
    case(HEADER + b"p1,a\np2,b,c,1,2,3,4,5,6\n", ["orders.csv", "fields"], id="ragged"),
]


@pytest.mark.parametrize(("data", "said"), SOURCES)
def test_a_wrong_file_is_named(project: Path, ninefold: Cli, data: bytes | None, said: list[str]) -> None:
    file = project / "data" / "orders.csv"
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    claims(ninefold(project, *RUN), 1, *said)


def test_a_folder_where_a_file_is_expected(project: Path, ninefold: Cli) -> None:
    (project / "data" / "orders.csv").unlink()
    (project / "data" / "orders.csv").mkdir()
    claims(ninefold(project, *RUN), 1, "orders.csv", "no files")


def test_a_type_that_changed_between_runs_is_told_and_the_old_rows_stay(project: Path, ninefold: Cli) -> None:
    assert ninefold(project, *RUN)[0] == 0
    edit(project / "data" / "orders.csv", [("p00-00,", "p00-00-,"), ("2024-01-01T06:00:00Z", "yesterday")])
    claims(ninefold(project, *RUN), 1, "parcels.py:28", "str")
    building_again = building.orders()
    (project / "data" / "orders.csv").write_text(building_again)
    assert ninefold(project, *RUN)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        case(["rnu"], ['did you mean "run"'], id="command"),
        case(["run", "--frce"], ["--force"], id="option"),
        case(["run", "parcel.py"], ["parcel.py", "parcels.py"], id="file"),
        case(["run", "data/orders.csv"], ["no Python file"], id="no Python"),
        case(["run", "."], ["parcels.py"], id="folder"),
        case(["run", "parcels.py", "--as-of", "soon"], ["no time", "ISO 8601"], id="as of"),
        case(["run", "parcels.py", "--as-of", "2024-03-31T02:30", "--tz", "Europe/Rome"], ["does not exist"], id="an hour that was skipped"),
        case(["run", "parcels.py", "--as-of", "2024-10-27T02:30", "--tz", "Europe/Rome"], ["happens twice", "+02:00"], id="an hour that came twice"),
        case(["run", "parcels.py", *AS_OF, "--tz", "Mars/X"], ["Mars/X", "IANA"], id="zone"),
        case(["run", "parcels.py", "--in", "prd"], ['no environment "prd"', "dev"], id="environment"),
        case(["run", "parcels.py", "--target", "model/forcast"], ['did you mean "model/forecast"'], id="target"),
        case(["run", "parcels.py", "--force", "model/forcast"], ['did you mean "model/forecast"'], id="force"),
        case(["new", "data"], ["there already"], id="new over something"),
        case(["up", "parcels.py", "--port", "99999"], ["99999", "65535"], id="a port that cannot be"),
        case(["up", "parcels.py", "--host", "0.0.0.0"], ["0.0.0.0", "administrator", "ninefold users add"], id="open to the world"),
    ],
)
def test_wrong_use_is_told_and_exits_with_2(project: Path, ninefold: Cli, arguments: list[str], said: list[str]) -> None:
    claims(ninefold(project, *arguments), 2, *said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        case(b"[tool.ninefold\nx=", "not valid TOML", id="broken"),
        case(b'[tool.ninefold]\nhme = "x"', 'did you mean "home"', id="unknown setting"),
        case(b"[tool]\nninefold = 3", "expected a table", id="no table"),
        case(b"[tool.ninefold]\nenvironments = 4", "expected a table", id="environments"),
        case(b'[tool.ninefold]\nproject = ["a"]', '"project" is a list', id="list"),
        case(b"[tool.ninefold.connections]\nwarehouse = 3", '"warehouse" is no text', id="connection"),
        case(b'[tool.ninefold]\nport = "x"', "65535", id="port"),
        case(b"[tool.ninefold]\n# caf\xe9\n", "not UTF-8", id="not UTF-8"),
        case(b'[tool.ninefold]\nledger = "mysql://x"', "sqlite:///", id="ledger"),
    ],
)
def test_wrong_settings_are_told(project: Path, ninefold: Cli, text: bytes, said: str) -> None:
    (project / "pyproject.toml").write_bytes(text)
    claims(ninefold(project, "run", "parcels.py"), 2, said)


def test_a_wrong_variable_is_told(project: Path, ninefold: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINEFOLD_PORT", "abc")
    claims(ninefold(project, "run", "parcels.py"), 2, "'abc'", "65535")


@pytest.mark.parametrize("name", ["json.py", "9x.py"])
def test_a_file_whose_name_cannot_be_a_projects(project: Path, ninefold: Cli, name: str) -> None:
    (project / "parcels.py").rename(project / name)
    claims(ninefold(project, "run", name), 1, name)


@pytest.mark.parametrize("data", [b"", b"x = 1\0", b"# nothing\n"], ids=["empty", "null byte", "comment"])
def test_a_file_that_declares_nothing(project: Path, ninefold: Cli, data: bytes) -> None:
    (project / "parcels.py").write_bytes(data)
    claims(ninefold(project, *RUN), 1, "parcels.py: it")


def test_too_early_and_too_few_say_what_is_missing(project: Path, ninefold: Cli) -> None:
    claims(ninefold(project, "run", "parcels.py", "--as-of", "2020-01-01T00:00"), 1, "none of the 0 questions has a label", "wait")
    lines = building.orders().splitlines(keepends=True)
    (project / "data" / "orders.csv").write_text("".join(lines[:30]))
    claims(ninefold(project, *RUN), 1, "at least", "more data")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deploy", "dispach", "-p", "parcels.py"], 'did you mean "dispatch"'),
        (["deploy", "dispatch", "-p", "parcels.py", "--version", "9"], "no version 9"),
        (["rollback", "dispach"], 'did you mean "dispatch"'),
        (["rollback", "dispatch"], "none to return to"),
        (["approve", "forecast@99", "--as", "risk"], "no version 99"),
        (["approve", "forecst@1", "--as", "risk"], 'did you mean "forecast"'),
        (["approve", "policy:nope", "--as", "risk"], "nope"),
        (["why", "forcast"], 'did you mean "forecast"'),
        (["why", "nonsense"], "a version is MODEL@NUMBER"),
        (["tables", "show", "parcel"], 'did you mean "parcels"'),
        (["tables", "quarantine", "parcel"], 'did you mean "parcels"'),
        (["tables", "diff", "parcels", "0", "99"], "it has 0"),
        (["models", "show", "forcast"], 'did you mean "forecast"'),
        (["features", "check", "forcast"], 'did you mean "forecast"'),
        (["card", "forcast"], 'did you mean "forecast"'),
        (["card", "forecast@9"], "it has 1"),
        (["runs", "show", "nope"], "ninefold runs list"),
        (["items", "close", "nope", "--because", "done"], "nope"),
        (["restore", "nope"], "is not empty"),
    ],
    ids=str,
)
def test_what_is_not_there_is_told(tiny_copy: Path, ninefold: Cli, arguments: list[str], said: str) -> None:
    claims(ninefold(tiny_copy, *arguments), 1, said)


def test_a_project_that_has_not_run_cannot_be_deployed(project: Path, ninefold: Cli) -> None:
    claims(ninefold(project, "deploy", "dispatch", "-p", "parcels.py"), 1, "no version", "ninefold run")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "ninefold new myproject"),
        (["check"], 2, "ninefold new"),
        (["status"], 1, "ninefold run FILE.py"),
        (["why", "x"], 1, "ninefold run FILE.py"),
        (["tables", "list"], 1, "ninefold run FILE.py"),
        (["doctor"], 1, "NINEFOLD_HOME"),
        (["upgrade"], 1, "nothing to upgrade"),
        (["restore", "nope"], 1, "manifest.json"),
    ],
    ids=str,
)
def test_in_an_empty_folder_the_first_step_is_told_and_nothing_is_left(
    tmp_path: Path, ninefold: Cli, arguments: list[str], code: int, said: str
) -> None:
    claims(ninefold(tmp_path, *arguments), code, said)
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == []


def test_one_thing_is_told_in_the_singular(tiny_copy: Path, ninefold: Cli) -> None:
    _, out, _ = ninefold(tiny_copy, "status")
    assert ("1 problem " in out, "1 problems" in out, "5 hypotheses" in out) == (True, False, True), out


def test_a_home_that_cannot_be(project: Path, ninefold: Cli) -> None:
    (project / ".ninefold").write_text("I am a file")
    claims(ninefold(project, *RUN), 1, ".ninefold")


def test_a_home_that_may_not_be_written(project: Path) -> None:
    (project / ".ninefold").mkdir(mode=0o555)
    command = [sys.executable, "-m", "ninefold", *RUN]
    if os.geteuid() == 0:  # a root that file permissions bind, as they bind everybody else
        bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]
        if shutil.which("setpriv") is None or subprocess.run([*bound, "true"], check=False, capture_output=True).returncode:
            pytest.skip("needs setpriv where root runs the tests")
        command = [*bound, *command]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    claims((done.returncode, done.stdout, done.stderr), 1, ".ninefold", "permission denied", "NINEFOLD_HOME")
    assert not list((project / ".ninefold").iterdir())


def test_a_secret_that_is_missing_is_named_and_one_that_is_there_is_shown_nowhere(
    project: Path, ninefold: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "s3cret-canary-4711"
    (project / "pyproject.toml").write_text('[tool.ninefold.connections]\nshop = "sqlite:///data/${SHOP_PASSWORD}.db"\n')
    edit(project / "parcels.py", [('nf.Source("data/orders.csv", null="NA")', 'nf.Source("shop:orders")')])
    claims(ninefold(project, *RUN), 2, "SHOP_PASSWORD", "export")
    monkeypatch.setenv("SHOP_PASSWORD", canary)
    told = ninefold(project, *RUN)
    assert told[0] == 1
    assert canary not in told[1] + told[2]
    with sqlite3.connect(project / ".ninefold" / "ledger.db") as ledger:
        assert canary not in "\n".join(ledger.iterdump())
    assert not [f for f in (project / ".ninefold").rglob("*") if f.is_file() and canary.encode() in f.read_bytes()]
