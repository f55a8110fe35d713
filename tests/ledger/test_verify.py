"""Any edit, removal, reordering or truncation of the facts is found, by the ledger and by the stand-alone verifier."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ninefold.ledger import Ledger
from ninefold.ledger.checkpoint import Anchor, AnchorFile
from ninefold.ledger.tree import Tree, leaf_hash

FACTS = 13


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger with checkpoints at 5, 9 and 13."""
    folder = tmp_path_factory.mktemp("written")
    with Ledger.open(f"sqlite:///{folder}/home/ledger.db", anchors=folder / "anchors") as ledger:
        for i in range(FACTS):
            ledger.record("table.written", f"p/table/t@{i}", {"rows": i, "name": "é"})
            if i in (4, 8):
                ledger.checkpoint()
    return folder


def reopened(written: Path, tmp_path: Path, *edits: tuple[str, tuple[object, ...]]) -> Ledger:
    """A copy of the ledger, edited as somebody with the file in his hands could."""
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(written, folder)
    connection = sqlite3.connect(folder / "home" / "ledger.db")
    for name in ("facts_stay", "facts_remain", "checkpoints_stay", "checkpoints_remain"):
        connection.execute(f"drop trigger {name}")
    for sql, args in edits:
        connection.execute(sql, args)
    connection.commit()
    connection.close()
    return Ledger.open(f"sqlite:///{folder}/home/ledger.db", anchors=folder / "anchors")


def test_an_untouched_ledger_verifies(written: Path, tmp_path: Path) -> None:
    report = reopened(written, tmp_path).verify()
    assert (report.ok, report.facts, report.checkpoints, report.anchors, report.notes) == (True, FACTS, 3, 3, [])


SEQ = st.integers(1, FACTS)
EDITS = st.one_of(
    st.tuples(st.just("byte"), SEQ, st.integers(0, 200), st.integers(1, 255)),
    st.tuples(st.just("remove"), SEQ),
    st.tuples(st.just("swap"), SEQ, SEQ).filter(lambda e: e[1] != e[2]),
    st.tuples(st.just("cut"), st.integers(1, FACTS)),
    st.tuples(st.just("insert"), st.integers(0, 30).filter(lambda n: not 0 < n <= FACTS)),
    st.tuples(st.just("column"), SEQ, st.sampled_from(["at", "kind", "subject", "run", "key"])),
)


def statements(edit: tuple, rows: dict[int, bytes]) -> list[tuple[str, tuple[object, ...]]]:
    match edit:
        case "byte", seq, place, flip:
            content = bytearray(rows[seq])
            content[place % len(content)] ^= flip
            return [("update facts set content = cast(? as text) where seq = ?", (bytes(content), seq))]
        case "remove", seq:
            return [("delete from facts where seq = ?", (seq,))]
        case "swap", a, b:
            move = "update facts set seq = ? where seq = ?"
            return [(move, (-1, a)), (move, (a, b)), (move, (b, -1))]
        case "cut", n:
            return [("delete from facts where seq >= ?", (n,)), ("delete from checkpoints where size >= ?", (n,))]
        case "insert", seq:
            return [("insert into facts select ?, at, kind, subject, run, key, content from facts where seq = 1", (seq,))]
        case "column", seq, name:
            return [(f"update facts set {name} = ? where seq = ?", (7 if name == "at" else "other", seq))]
    raise AssertionError(edit)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edit=EDITS)
def test_any_edit_of_the_facts_is_found(written: Path, tmp_path: Path, edit: tuple) -> None:
    connection = sqlite3.connect(written / "home" / "ledger.db")
    rows = dict(connection.execute("select seq, cast(content as blob) from facts").fetchall())
    connection.close()
    with reopened(written, tmp_path, *statements(edit, rows)) as ledger:
        assert not ledger.verify().ok


def test_a_ledger_cut_consistently_shows_by_its_anchor(written: Path, tmp_path: Path) -> None:
    with reopened(written, tmp_path) as whole:
        kept = Tree()
        for row in whole.all("select content from facts where seq <= 9 order by seq"):
            kept.add(leaf_hash(row["content"].encode()))
    cut = [
        ("delete from facts where seq > 9", ()),
        ("delete from checkpoints where size > 9", ()),
        ("update tree set size = 9, peaks = ?", ("".join(peak.hex() for peak in kept.peaks),)),
    ]
    with reopened(written, tmp_path, *cut) as ledger:
        assert ledger.verify().problems == ["the anchor of size 13 vouches for facts that are not there"]


def test_a_wrong_signature_is_found(written: Path, tmp_path: Path) -> None:
    of_another = """update checkpoints set note = substr(note, 1, instr(note, '—') - 1)
        || (select substr(note, instr(note, '—')) from checkpoints where size = 5) where size = 9"""
    with reopened(written, tmp_path, (of_another, ())) as ledger:
        assert any("checkpoint 9" in problem for problem in ledger.verify().problems)


def test_a_restored_backup_explains_its_missing_end(written: Path, tmp_path: Path) -> None:
    with reopened(written, tmp_path) as ledger:
        ledger.anchor.add(Anchor(1, 99, "00" * 32))
        ledger.anchor.add(Anchor(2, FACTS, ledger.tree().root().hex(), restored=True))
        report = ledger.verify()
        assert report.ok
        assert any("a backup was brought back" in note for note in report.notes)


def test_a_line_torn_by_a_crash_damages_no_anchor_after_it(tmp_path: Path) -> None:
    kept = AnchorFile(tmp_path / "anchors.jsonl")
    first, second = Anchor(1, 5, "00" * 32), Anchor(2, 9, "11" * 32)
    kept.add(first)
    with kept.path.open("ab") as file:
        file.write(b'{"at":2,"si')
    kept.add(second)
    assert kept.all() == [first, second]


def exported(written: Path, tmp_path: Path) -> Path:
    with reopened(written, tmp_path) as ledger:
        return ledger.export(tmp_path / "export")


def standalone(folder: Path, *args: str) -> dict:
    command = [sys.executable, "-I", "-S", folder / "verify.py", "--json", *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["ok"] else 1)
    return answer


def test_the_export_verifies_with_plain_python(written: Path, tmp_path: Path) -> None:
    folder = exported(written, tmp_path)
    (anchor,) = (tmp_path / "copy" / "anchors").iterdir()
    answer = standalone(folder, "--anchor", str(anchor))
    assert (answer["facts"], answer["vouched_for"], answer["notes"]) == (FACTS, FACTS, 6)


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: [lines[0].replace(b'"rows":0', b'"rows": 0'), *lines[1:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:4], *lines[5:]],
    ],
    ids=["white space", "swapped", "cut", "removed"],
)
def test_an_edited_export_is_refused(written: Path, tmp_path: Path, edit) -> None:
    folder = exported(written, tmp_path)
    lines = (folder / "facts.jsonl").read_bytes().splitlines()
    (folder / "facts.jsonl").write_bytes(b"".join(line + b"\n" for line in edit(lines)))
    assert not standalone(folder)["ok"]


def test_the_verifier_is_short_and_imports_the_standard_library_only() -> None:
    import ninefold.ledger

    lines = (Path(ninefold.ledger.__file__).parent / "verifier_standalone.py").read_text().splitlines()
    imports = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert len(lines) < 200
    assert imports <= set(sys.stdlib_module_names)
