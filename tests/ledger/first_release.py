"""The state that the first release left behind: its schema, filled with runs, points, tags, files and facts."""

import sqlite3
from pathlib import Path

from ninefold.ledger.fact import draft, encode
from ninefold.ledger.sqlite import statements
from ninefold.ledger.tree import Tree, leaf_hash

FIRST = Path(__file__).parents[2] / "ninefold" / "ledger" / "migrations" / "versions" / "0001_first.sql"
RUNS = [
    ("r1", "p", "Default", "one", "done", 1_000, 2_000, None, "train.py", "ada"),
    ("r2", "p", "tuning", "two", "failed", 3_000, 4_000, "r1", "train.py", "bob"),
    ("r3", "p", "ablation", "three", "running", 2_500, None, None, "", "ada"),
    ("r4", "q", "tuning", "four", "killed", 500, 600, None, "", "eve"),
]
POINTS = [
    ("r1", "loss", 0, 1_100, 0.5, 0),
    ("r1", "loss", 1, 1_200, 0.25, 0),
    ("r1", "loss", 1, 1_200, 0.0, 1),
    ("r2", "loss", 3, 3_100, float("inf"), 0),
    ("r2", "auc", 0, 3_100, 0.9, 0),
    ("r4", "größe 💡", 7, 550, -1e-300, 0),
]
FILES = [("r1", "model/weights.txt", "ab" * 32, 7, 1_500), ("r2", "plot.png", "cd" * 32, 99, 3_500)]


def fill(path: Path) -> None:
    """Makes the ledger of the first release at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin")
        for statement in statements(FIRST.read_text("utf-8")):
            connection.execute(statement)
        connection.execute("insert into alembic_version values ('0001')")
        connection.execute("insert into meta values ('origin', 'ninefold/first')")
        for run in RUNS:
            columns = "id, project, experiment, name, status, started, ended, parent, source, actor"
            connection.execute(f"insert into runs ({columns}) values ({', '.join('?' * 10)})", run)
            connection.execute("insert into params values (?, 'lr', '0.1')", (run[0],))
            connection.execute("insert into tags values (?, 'team', 'blue')", (run[0],))
        connection.executemany("insert into metrics (run, key, step, at, value, nan) values (?, ?, ?, ?, ?, ?)", POINTS)
        connection.executemany("insert into artifacts (run, path, digest, size, at) values (?, ?, ?, ?, ?)", FILES)
        say(connection)
        connection.execute("commit")


def say(connection: sqlite3.Connection) -> None:
    """A fact for the beginning of each run, with the tree over them."""
    tree = Tree()
    for run in RUNS:
        said = draft(run[0], run[5], "run.started", f"{run[1]}/run/{run[0]}", run[9], run[0], None, {"name": run[3]})
        content = encode(tree.size + 1, said)
        tree.add(leaf_hash(content))
        row = (tree.size, said.at, said.kind, said.subject, said.run, said.key, content.decode())
        connection.execute("insert into facts (seq, at, kind, subject, run, key, content) values (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("insert into tree (one, size, peaks) values (1, ?, ?)", (tree.size, "".join(peak.hex() for peak in tree.peaks)))
