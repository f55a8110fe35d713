"""Which datasets the runs of an experiment read."""

from collections.abc import Sequence

import msgspec

from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import one_of
from ninefold.runs.searching.patterns import Patterns

MOST = 1000  # datasets of one answer


class DatasetUse(msgspec.Struct, frozen=True):
    """A dataset that active runs of an experiment read, and what one of its tags says of that (empty where it is not there)."""

    experiment: int
    name: str
    digest: str
    context: str


def search_datasets(ledger: Ledger, project: str, experiments: Sequence[int], tag: str) -> list[DatasetUse]:
    """The datasets of the active runs of experiments, each once for every value of ``tag``, by experiment and name; at most 1,000."""
    if not experiments:
        return []
    patterns, chosen = Patterns.of(ledger), one_of("r.experiment", experiments)
    text = f"""select distinct r.experiment, i.name, i.digest, coalesce({patterns.member("i.tags")}, '') as context
from runs r join inputs i on i.run = r.id where r.project = ? and {chosen.text} and r.state = 'active' order by 1, 2, 3, 4 limit ?"""
    rows = ledger.all(text, patterns.path(tag), project, *chosen.args, MOST)
    return [DatasetUse(row["experiment"], row["name"], row["digest"], row["context"]) for row in rows]
