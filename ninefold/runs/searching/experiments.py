"""Finding experiments, by their names, times and tags."""

from collections.abc import Sequence

from ninefold.ledger import Ledger
from ninefold.runs.experiments import Experiment
from ninefold.runs.searching.conditions import Column, Noun, Sql, Table, one_of
from ninefold.runs.searching.filters import Comparison, Field, Order, State
from ninefold.runs.searching.finding import column_of, page
from ninefold.runs.searching.ordering import places

EXPERIMENTS = Noun(
    "experiments",
    "experiments e",
    {
        "id": Column("e.id", "int"),
        "name": Column("e.name"),
        "root": Column("e.root"),
        "created": Column("e.created", "int"),
        "updated": Column("e.updated", "int"),
    },
    {"tag": Table("experiment_tags", "x.project = e.project and x.experiment = e.id")},
)
_TOGETHER = 500
_COLUMNS = ", ".join(Experiment.__struct_fields__)
_ID = Field("attribute", "id")
_NEWEST = (Order(Field("attribute", "created"), descending=True), Order(_ID))
_TIES = (Order(_ID, descending=True),)


def search_experiments(
    ledger: Ledger,
    project: str,
    filters: Sequence[Comparison] = (),
    *,
    state: State = "active",
    order: Sequence[Order] = (),
    limit: int = 1000,
    token: str | None = None,
) -> tuple[list[int], str | None]:
    """The numbers of a page of experiments that meet all filters, the newest first, and the token of the next page."""
    by = places(EXPERIMENTS, order or _NEWEST, _TIES)
    scope = [Sql("e.project = ?", (project,)), one_of("e.state", ("active", "deleted") if state == "all" else (state,))]
    found, after = page(ledger, EXPERIMENTS, scope, filters, by, limit=limit, token=token)
    column = column_of(by, _ID)
    return [row[column] for row in found], after


def experiment_details(ledger: Ledger, project: str, ids: Sequence[int]) -> list[tuple[Experiment, dict[str, str]]]:
    """Experiments with their tags, in the order of ``ids``; those that are not there are left out."""
    found: dict[int, tuple[Experiment, dict[str, str]]] = {}
    for begin in range(0, len(ids), _TOGETHER):
        chosen, tagged = (one_of(column, ids[begin : begin + _TOGETHER]) for column in ("id", "experiment"))
        for row in ledger.all(f"select {_COLUMNS} from experiments where project = ? and {chosen.text}", project, *chosen.args):
            found[row["id"]] = Experiment(**{name: row[name] for name in Experiment.__struct_fields__}), {}
        for row in ledger.all(f"select * from experiment_tags where project = ? and {tagged.text} order by key", project, *tagged.args):
            if row["experiment"] in found:
                found[row["experiment"]][1][row["key"]] = row["value"]
    return [found[id] for id in ids if id in found]
