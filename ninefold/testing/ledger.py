"""What every database that carries a ledger must guarantee. Subclass ``LedgerContract`` and give a ``url`` fixture.

class TestMyDatabase(LedgerContract):
@pytest.fixture
def url(self): ...                    # of an empty database, another one for each test
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ninefold.errors import ConflictError, UsageError
from ninefold.ledger import Ledger, Tx

Opener = Callable[[], Ledger]
_WRITES = """
import sys
from pathlib import Path
from ninefold.ledger import Ledger
with Ledger.open(sys.argv[1], home=Path(sys.argv[2]), anchors=Path(sys.argv[3]), actor=sys.argv[4]) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(150):
        print(ledger.record("a.x", f"p/t@{i}").seq)
"""


class LedgerContract:
    """Transactions that many share, errors that are one's own, numbers without gaps, reads that see writes."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError("give the URL of an empty database")

    @pytest.fixture
    def opener(self, url: str, tmp_path: Path) -> Iterator[Opener]:
        opened: list[Ledger] = []

        def open_() -> Ledger:
            opened.append(Ledger.open(url, home=tmp_path / "home", actor="tester", anchors=tmp_path / "anchors"))
            return opened[-1]

        yield open_
        for ledger in opened:
            ledger.close()

    @pytest.fixture
    def ledger(self, opener: Opener) -> Ledger:
        return opener()

    def test_a_fact_comes_back_as_it_was_said(self, ledger: Ledger) -> None:
        said = ledger.record("table.written", "p/table/t@1", {"rows": 3, "share": 0.5, "name": "é\n"}, run="r", key="k", at=7)
        assert (said.seq, said.at, said.actor, said.run, said.key) == (1, 7, "tester", "r", "k")
        assert ledger.facts() == [said]

    def test_facts_are_found_by_kind_subject_prefix_and_number(self, ledger: Ledger) -> None:
        for kind, subject in [("a.x", "p/table/t@1"), ("b.x", "p/table/t@2"), ("a.x", "p/tables/t@1"), ("a.x", "q/table/t@1")]:
            ledger.record(kind, subject)

        def seqs(**how: Any) -> list[int]:
            return [fact.seq for fact in ledger.facts(**how)]

        assert seqs(kind="a.x") == [1, 3, 4]
        assert seqs(kind=["a.x", "b.x"], prefix="p/table/") == [1, 2]
        assert seqs(subject="p/tables/t@1") == [3]
        assert seqs(after=2, newest_first=True, limit=1) == [4]
        last = ledger.last("a.x", "p/table/t@1")
        assert last is not None
        assert last.seq == 1

    def test_a_renamed_thing_keeps_its_facts(self, ledger: Ledger) -> None:
        """Facts of its older names, and of versions of them, are found under the new one; not those of a name that begins alike."""
        ledger.record("made", "p/model/a@1", {"n": 1})
        ledger.record("made", "p/model/ab@1", {"n": 2})
        for old, new in (("a", "b"), ("b", "c")):
            ledger.record("thing.renamed", f"p/model/{new}", {"from": old, "to": new, "noun": "model"})
        ledger.record("made", "p/model/c@2", {"n": 3})
        assert [f.body["n"] for f in ledger.facts(kind="made", prefix="p/model/c@")] == [1, 3]
        found = ledger.last("made", "p/model/c@1")
        assert found is not None
        assert found.subject == "p/model/a@1"

    def test_a_thing_renamed_there_and_back_keeps_its_facts(self, ledger: Ledger) -> None:
        for old, new in (("a", "b"), ("b", "a")):
            ledger.record("made", f"p/model/{old}@1")
            ledger.record("thing.renamed", f"p/model/{new}", {"from": old, "to": new, "noun": "model"})
        assert len(ledger.facts(kind="made", subject="p/model/a@1")) == 2

    def test_rows_and_fact_are_written_together_or_not_at_all(self, ledger: Ledger) -> None:
        def fails(tx: Tx) -> None:
            tx.add("meta", [{"name": "n", "value": "v"}])
            tx.fact("a.x", "p/t")
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            ledger.write(fails)
        assert (ledger.head(), ledger.one("select 1 from meta where name = 'n'")) == (0, None)

    def test_one_who_fails_in_a_group_harms_nobody(self, ledger: Ledger) -> None:
        gate = threading.Event()
        ledger.submit(lambda _: gate.wait(5))  # holds the writer until all the others stand in line, so that they share a transaction

        def one(i: int) -> Callable[[Tx], int]:
            def run(tx: Tx) -> int:
                tx.add("meta", [{"name": f"n{i % 7}" if i % 2 else f"m{i}", "value": "v"}])
                tx.fact("a.x", f"p/t@{i}")
                return i

            return run

        futures = [ledger.submit(one(i)) for i in range(40)]
        gate.set()
        errors = [future.exception(10) for future in futures]
        assert [i for i, error in enumerate(errors) if error is None] == [i for i in range(40) if i % 2 == 0 or i in {1, 3, 5, 7, 9, 11, 13}]
        assert all(isinstance(error, ConflictError) for error in errors if error)
        assert [fact.seq for fact in ledger.facts()] == list(range(1, 28))

    def test_appended_rows_are_merged_and_the_wrong_ones_found(self, ledger: Ledger) -> None:
        gate = threading.Event()
        ledger.submit(lambda _: gate.wait(5))
        good = [ledger.append("meta", [{"name": f"n{i}", "value": "v"}]) for i in range(5)]
        bad = ledger.append("meta", [{"name": "m", "value": "v"}, {"name": "n0", "value": "again"}])
        gate.set()
        for future in good:
            future.result(10)
        with pytest.raises(ConflictError):
            bad.result(10)
        assert ledger.one("select count(*) as n from meta where name like 'n%' or name = 'm'")["n"] == 5  # type: ignore[index]

    def test_later_functions_see_what_earlier_ones_wrote_facts_included(self, ledger: Ledger) -> None:
        gate = threading.Event()
        ledger.submit(lambda _: gate.wait(5))
        ledger.submit(lambda tx: tx.fact("a.x", "p/t"))
        seen = ledger.submit(lambda tx: len(tx.all("select seq from facts where kind = ?", "a.x")))
        gate.set()
        assert seen.result(10) == 1

    def test_memory_changes_only_after_the_commit(self, ledger: Ledger) -> None:
        called: list[int] = []

        def fails(tx: Tx) -> None:
            tx.after(lambda: called.append(1))
            raise KeyError

        def works(tx: Tx) -> None:
            tx.fact("a.x", "p/t")
            tx.after(lambda: called.append(ledger.head()))

        with pytest.raises(KeyError):
            ledger.write(fails)
        ledger.write(works)
        assert called == [1]

    def test_threads_get_numbers_without_gaps(self, ledger: Ledger) -> None:
        with ThreadPoolExecutor(8) as pool:
            seqs = list(pool.map(lambda i: ledger.record("a.x", f"p/t@{i}").seq, range(80)))
        assert sorted(seqs) == list(range(1, 81))
        assert ledger.verify().ok

    def test_many_rows_come_back_as_they_went_in(self, ledger: Ledger) -> None:
        texts = ["", "a", 'A"\\{},', "NULL", "é💡\n\t", " x ", "\\N", "'", "?%s"]
        rows = [(f"{i}", text, i - 5, 10.0 ** (i * 60 - 300)) for i, text in enumerate(texts)]
        sql = "insert into steps (key, project, name, content, ref, parts, run, at, seconds) values (?, 'p', ?, '', '', '', ?, ?, ?)"
        assert ledger.write(lambda tx: tx.many(sql, [(key, name, None, at, seconds) for key, name, at, seconds in rows])) == len(rows)
        assert [tuple(row) for row in ledger.all("select key, name, at, seconds from steps order by key")] == rows
        points = [(1, step, -(1 << 63) + step, value, 0) for step, value in enumerate([0.1, -0.0, 5e-324, float("inf"), float("-inf"), 2])]
        ledger.write(lambda tx: tx.many("insert into points (series, step, at, value, nan) values (?, ?, ?, ?, ?)", points))
        assert [tuple(row) for row in ledger.all("select * from points order by step")] == points

    def test_many_upserts_may_meet_one_row_again(self, ledger: Ledger) -> None:
        sql = "insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value where excluded.value > meta.value"
        rows = [("a", "1"), ("b", "5"), ("a", "3"), ("a", "2"), ("b", "4")]
        ledger.write(lambda tx: tx.many(sql, rows))
        assert {row["name"]: row["value"] for row in ledger.all("select * from meta where name < 'c'")} == {"a": "3", "b": "5"}
        again = "insert into meta (name, value) values (?, ?) on conflict do nothing"
        assert ledger.write(lambda tx: tx.many(again, [("a", "9"), ("c", "1"), ("c", "2")])) == 1

    def test_many_of_any_statement(self, ledger: Ledger) -> None:
        def change(tx: Tx) -> tuple[int, int]:
            tx.add("meta", [{"name": f"n{i}", "value": "v"} for i in range(4)])
            return tx.many("update meta set value = ? where name = ?", [("w", "n1"), ("w", "n2"), ("w", "no")]), tx.many("", [])

        assert ledger.write(change) == (2, 0)
        assert len(ledger.all("select 1 from meta where value = 'w'")) == 2

    def test_what_a_statement_made_is_returned(self, ledger: Ledger) -> None:
        sql = "insert into series (run, key, project, experiment, step, at, value) values ('r', ?, 'p', 0, 0, 0, 0.5) returning id, key"

        def make(tx: Tx) -> list[tuple[int, str]]:
            tx.add("runs", [{"id": "r", "project": "p", "experiment": 0, "name": "n", "status": "done", "started": 1, "updated": 1}])
            return [tuple(tx.one(sql, key)) for key in ("a", "b")]  # type: ignore[arg-type]

        (first, a), (second, b) = ledger.write(make)
        assert (a, b, second - first) == ("a", "b", 1)

    def test_text_is_ordered_by_its_bytes(self, ledger: Ledger) -> None:
        names = ["B", "a", "_", "é", "ab", "A", "a_b", "axb", "💡", "a-b", "z"]
        ledger.write(lambda tx: tx.add("files", [{"path": name, "mtime_ns": 0, "size": 0, "digest": ""} for name in names]))

        def paths(where: str, *args: Any) -> list[str]:
            return [row["path"] for row in ledger.all(f"select path from files where {where} order by path", *args)]

        assert paths("1 = 1") == sorted(names, key=str.encode)
        assert paths("path > ? and path < ?", "A", "b") == ["B", "_", "a", "a-b", "a_b", "ab", "axb"]
        # databases differ in whether a plain like minds the case
        assert paths("lower(path) like lower(?) escape '!'", "a!_%") == ["a_b"]
        assert paths("lower(path) like lower(?)", "A%") == ["A", "a", "a-b", "a_b", "ab", "axb"]

    def test_pages_by_key_with_numbers_that_are_none(self, ledger: Ledger) -> None:
        values = [(0.5, 0), (0.0, 1), (float("inf"), 0), (0.5, 0), (float("-inf"), 0), (0.0, 1), (0.0, 0)]
        rows = [(series, 0, 0, value, nan) for series, (value, nan) in enumerate(values)]
        ledger.write(lambda tx: tx.many("insert into points (series, step, at, value, nan) values (?, ?, ?, ?, ?)", rows))
        key, seen = (-1, float("-inf"), -1), list[int]()
        while page := ledger.all(
            "select nan, value, series from points where (nan, value, series) > (?, ?, ?) order by nan, value, series limit 2", *key
        ):
            seen += [row["series"] for row in page]
            key = tuple(page[-1])
        assert seen == [4, 6, 0, 3, 2, 1, 5]

    def test_numbers_are_what_python_expects(self, ledger: Ledger) -> None:
        big = [{"path": f"{i}", "mtime_ns": (1 << 62) - i, "size": i, "digest": ""} for i in range(3)]
        ledger.write(lambda tx: tx.add("files", big))
        row = ledger.one(
            "select count(*) as n, sum(size) as total, avg(size) as mean, max(mtime_ns) as most, sum(size) > ? as yes, cast(? as integer) as whole"
            " from files",
            2,
            1 << 40,
        )
        assert row is not None
        assert (row["n"], row["total"], row["mean"], row["most"], row["yes"], row["whole"]) == (3, 3, 1.0, 1 << 62, 1, 1 << 40)
        assert [type(value) for value in row] == [int, int, float, int, int, int]

    def test_whoever_was_slower_looks_again(self, opener: Opener) -> None:
        """Two that write at once, each the next number: nobody's fails, none is given twice."""
        ledgers = [opener(), opener()]

        def next_number(tx: Tx) -> int:
            row = tx.one("select coalesce(max(size), 0) + 1 as n from files")
            assert row is not None
            tx.add("files", [{"path": f"n{row['n']}", "mtime_ns": 0, "size": row["n"], "digest": ""}])
            return int(row["n"])

        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda i: ledgers[i % 2].write(next_number), range(60)))
        assert sorted(numbers) == list(range(1, 61))

    def test_a_name_is_held_by_one_at_a_time(self, opener: Opener) -> None:
        ledgers = [opener(), opener()]
        ledgers[0].write(lambda tx: tx.add("meta", [{"name": "n", "value": "0"}]))

        def count(tx: Tx) -> None:
            tx.lock("counter n")
            row = tx.one("select value from meta where name = 'n'")
            assert row is not None
            tx.execute("update meta set value = ? where name = 'n'", str(int(row["value"]) + 1))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: ledgers[i % 2].write(count), range(40)))
        assert ledgers[0].one("select value from meta where name = 'n'")["value"] == "40"  # type: ignore[index]

    def test_processes_write_at_once_and_leave_no_gap(self, url: str, opener: Opener, tmp_path: Path) -> None:
        ledger = opener()
        command = [sys.executable, "-c", _WRITES, url, str(tmp_path / "home"), str(tmp_path / "anchors")]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        writers = [subprocess.Popen([*command, name], **pipes) for name in "ab"]  # noqa: S603  this very Python
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        for writer in writers:  # both are there, so that they write at the same time
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        seqs = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
        assert sorted(seqs) == list(range(1, 301))
        assert {fact.actor for fact in ledger.facts()} == {"a", "b"}
        assert ledger.verify().ok

    def test_two_that_have_it_open_see_each_other(self, opener: Opener) -> None:
        first, second = opener(), opener()
        first.record("a.x", "p/t")
        assert second.record("a.x", "p/t").seq == 2
        assert next(first.watch(after=1, timeout=1)) == 2
        assert first.verify().ok

    def test_a_transaction_inside_a_transaction_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(UsageError, match="inside"):
            ledger.write(lambda _: ledger.record("a.x", "p/t"))

    @pytest.mark.parametrize("body", [{"x": object()}, {1: {2, object}}])
    def test_a_body_that_is_no_json_is_refused(self, ledger: Ledger, body: dict[str, Any]) -> None:
        with pytest.raises(UsageError, match="JSON"):
            ledger.record("a.x", "p/t", body)

    def test_a_closed_ledger_says_so(self, ledger: Ledger) -> None:
        ledger.close()
        with pytest.raises(UsageError, match="closed"):
            ledger.record("a.x", "p/t")

    def test_checkpoints_grow_with_the_facts(self, ledger: Ledger) -> None:
        ledger.record("a.x", "p/t")
        first = ledger.checkpoint()
        assert first is not None
        assert (first.size, ledger.checkpoint()) == (1, None)
        assert ledger.verify().signed == 1
