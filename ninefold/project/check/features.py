"""Features: windows that could never hold a row, expressions that need each other."""

from ninefold.features import Aggregate, Features
from ninefold.project.check.notes import Notes
from ninefold.tables import Table


def check(notes: Notes) -> None:
    """Each group's windows can hold rows, and its names are clear."""
    for name, group in notes.graph.of("features").items():
        table = notes.find(group.table, "table") if group.table is not None else None
        if isinstance(table, Table):
            if group.aggregates and table.time is None and group.at is None:
                notes.error(name, "the rows that it aggregates have no time", 'give the table time=, or the features at="column"', at=("by",))
            for feature, aggregate in group.aggregates:
                _ahead(notes, name, feature, aggregate, group, table)
        _expressions(notes, name, group)


def _ahead(notes: Notes, name: str, feature: str, aggregate: Aggregate, group: Features, table: Table) -> None:
    """A row that is known only when it happens is never planned."""
    happens = group.at or table.time
    if not aggregate.ahead or happens is None:
        return
    moments = [("the rows are", table.known)] + [(f'"{c}" is', table.known_at(c)) for c in (happens.column, *group.rows_by, *aggregate.columns)]
    for what, known in moments:
        if known is not None and known.column == happens.column and known.offset >= happens.offset:
            notes.error(
                name,
                f'"{feature}" looks ahead, and {what} known at {known}, not before they happen at {happens}',
                'say on the table since when they are planned: known="planned_at"',
                at=(feature,),
            )
            return


def _expressions(notes: Notes, name: str, group: Features) -> None:
    """Expressions may read each other's features, but not in a circle; a name that is a feature's in another case is a slip."""
    reads = {feature: set(expression.meta.root_names()) for feature, expression in group.expressions}
    for feature in reads:
        path = _circle(feature, reads)
        if path and feature == min(path):
            notes.error(name, f"features need each other in a circle: {' → '.join([*path, feature])}", "name one of them otherwise", at=(feature,))
    spelt = {known.casefold(): known for known in group.names}
    for feature, roots in reads.items():
        for root in sorted(roots - set(group.names)):
            if root.casefold() in spelt:
                notes.warn(
                    name, f'"{feature}" reads "{root}", which is no feature of {name}', f'did you mean "{spelt[root.casefold()]}"?', at=(root,)
                )


def _circle(start: str, reads: dict[str, set[str]]) -> list[str]:
    """The features on a way from ``start`` back to itself over others; none where there is no way."""
    ways = [[start]]
    while ways:
        path = ways.pop()
        for root in sorted(reads.get(path[-1], set()) & set(reads)):
            if root == start and len(path) > 1:
                return path
            if root not in path:
                ways.append([*path, root])
    return []
