"""A read that takes too long is ended, says so, and leaves the next one alone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.errors import BusyError, TimeLimitError
from ninefold.ledger import Ledger
from ninefold.ledger.patience import within
from ninefold.ledger.writer import GROUP, LINE

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as n from n where i < 0"


@pytest.fixture
def either(ledger_url: str, tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(ledger_url, home=tmp_path / "home", anchors=tmp_path) as opened:
        yield opened


def test_a_read_ends_after_its_time_and_the_connection_is_as_before(either: Ledger) -> None:
    begun = time.monotonic()
    with within(0.3), pytest.raises(TimeLimitError, match=r"longer than 0\.3 seconds"):
        either.one(ENDLESS)
    assert 0.2 < time.monotonic() - begun < 5
    with within(0.3):
        assert either.head() == 0
    deep = ENDLESS.replace("from n)", "from n where i < 1500000)")  # more than 0.3 s: whoever has no limit may take it
    row = either.one(deep)
    assert row is not None
    assert row["n"] == 0


def test_a_burst_is_taken_up_to_a_bound_and_the_rest_is_told_so(ledger: Ledger) -> None:
    gate, taken, refused = threading.Event(), [], 0
    ledger.submit(lambda _: gate.wait(20))
    for n in range(20_000):
        try:
            taken.append(ledger.submit(lambda tx, n=n: tx.add("meta", [{"name": f"n{n}", "value": "v"}])))
        except BusyError:
            refused += 1
    assert len(taken) <= LINE + GROUP
    assert len(taken) + refused == 20_000
    gate.set()
    for future in taken:
        future.result(20)
    row = ledger.one("select count(*) as n from meta where name like 'n%'")
    assert row is not None
    assert row["n"] == len(taken)  # what was taken is there, what was not was said


def test_all_statements_together_have_the_time(either: Ledger) -> None:
    slow = ENDLESS.replace("from n)", "from n where i < 300000)")
    begun = time.monotonic()
    with within(0.5), pytest.raises(TimeLimitError, match=r"longer than 0\.5 seconds"):
        _ = [either.one(slow) for _ in range(1000)]
    assert time.monotonic() - begun < 5
