"""Several monitors on one feed: each opens its own incident, and every text says whose it is."""

from pathlib import Path

from ninefold import config
from ninefold.clock import micros
from ninefold.loop.incidents import Keeper
from ninefold.monitors.finding import Finding
from ninefold.monitors.incidents import group
from ninefold.notify.outbox import undelivered
from ninefold.project.home import Home
from ninefold.units import DAY

SHORT = Finding(check="freshness", subject="orders", score=2, limit=1, since=19000, severity="alarm", text="orders: 1 row, where 40 are usual")
NOW = micros("2024-03-01T00:00:00Z")


def test_lines_messages_and_facts_name_the_monitor(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ninefold]\nproject = "shop"\n')
    lines, names = [], ("sales", "returns")
    with Home(config.load(tmp_path), "shop") as home:
        for name in names:
            keeper = Keeper(home, name, ("log://",), "UTC")
            changes = group([SHORT], [], NOW // DAY, name=f"shop-{name}")
            lines += home.ledger.write(lambda tx, keeper=keeper, changes=changes: keeper.write(tx, [], changes, NOW))
        subjects = [message.subject for message in undelivered(home.ledger, "shop")]
        facts = [fact.body["monitor"] for fact in home.ledger.facts(kind="incident.opened")]
    assert [text.partition(":")[0] for _, text, _ in lines] == [*names]
    assert [subject.partition(":")[0] for subject in subjects] == [f"shop/{name}" for name in names]
    assert facts == [*names]
