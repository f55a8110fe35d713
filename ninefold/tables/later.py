"""Which columns come to be known after their row, from the declaration alone: no engine is loaded."""

from ninefold.tables.table import Table
from ninefold.units import Moment


def later_columns(table: Table) -> dict[str, Moment]:
    """Each column that came to be known after its row, with its moment: those of ``later=``, and the columns that are named
    there as moments (and ``until=``), which are known at their own values.

    >>> import ninefold as nf
    >>> arrivals = nf.Table("db:x", key="id", time="at", later={"late": "landed_at + 5m"})
    >>> {c: str(m) for c, m in later_columns(arrivals).items()}
    {'late': 'landed_at + 5m', 'landed_at': 'landed_at'}
    """
    found = dict(table.later)
    with_row = {m.column for m in (table.time, table.known) if m} | set(table.key)
    named = [m.column for m in found.values()] + ([table.until] if table.until else [])
    for column in named:
        if column not in with_row:
            found.setdefault(column, Moment(column))
    return found
