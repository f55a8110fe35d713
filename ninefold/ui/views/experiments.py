"""Experiments: what runs belong together."""

import msgspec

from ninefold.ui.reading import Reading

_ALL = """
select * from (
    select e.id, e.name, e.created,
        (select count(*) from runs r where r.project = e.project and r.experiment = e.id and r.state = 'active') as runs,
        (select max(r.started) from runs r where r.project = e.project and r.experiment = e.id and r.state = 'active') as newest,
        (select count(*) from traces t where t.project = e.project and t.experiment = e.id) as traces
    from experiments e where e.project = ? and e.state = 'active'
) counted
order by coalesce(newest, -1) desc, id limit 500
"""


class ExperimentLine(msgspec.Struct):
    """An experiment: how many runs and traces, and when the newest run began."""

    id: int
    name: str
    created: int
    runs: int
    newest: int | None
    traces: int


class ExperimentsPage(msgspec.Struct):
    """All experiments, those with the newest runs first."""

    experiments: list[ExperimentLine]


def experiments(reading: Reading) -> ExperimentsPage:
    """The list of experiments."""
    return ExperimentsPage([ExperimentLine(**row) for row in reading.rows(_ALL, reading.project)])
