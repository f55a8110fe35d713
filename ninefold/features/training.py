"""The columns that a model reads: windows, expressions over them, and bare columns, for each question."""

from collections.abc import Mapping, Sequence

import polars as pl

from ninefold.errors import DataError, closest
from ninefold.features.expression import rowwise
from ninefold.features.features import Features
from ninefold.features.kernel import compute
from ninefold.features.reading import ASKED_AT
from ninefold.features.rows import micros
from ninefold.tables.table import Table

Group = tuple[str, Features, Table | None, pl.DataFrame | None]


def feature_frame(
    questions: pl.DataFrame, groups: Sequence[Group], bare: Sequence[str] = (), zones: Mapping[str, str] | None = None, *, q: str = "__q"
) -> pl.DataFrame:
    """Each group's features (``group.feature``) and the bare columns, one row for each question, in their order.

    ``groups`` gives each group's name, its declaration, its table and the view of the table's rows (none for expressions
    over the question alone). ``zones`` says in which zone expressions see the question's times. Raises DataError where a
    column is missing or a type does not fit.
    """
    for name in bare:
        if name not in questions.columns:
            raise DataError(f'the questions have no column "{name}"', hint=closest(name, questions.columns))
    zoned = in_zones(questions, zones or {})
    frames = [zoned.select(bare)] if bare else []
    for name, group, table, view in groups:
        columns = _group(questions, zoned, name, group, table, view, q)
        frames.append(columns.rename({column: f"{name}.{column}" for column in columns.columns}))
    return pl.concat(frames, how="horizontal") if frames else pl.DataFrame()


def in_zones(frame: pl.DataFrame, zones: Mapping[str, str]) -> pl.DataFrame:
    """The same instants, shown in these zones; naive times are taken to be UTC."""
    changes = []
    for column, zone in zones.items():
        kind = frame.schema.get(column)
        if isinstance(kind, pl.Datetime) and kind.time_zone != zone:
            value = pl.col(column) if kind.time_zone else pl.col(column).dt.replace_time_zone("UTC")
            changes.append(value.dt.convert_time_zone(zone))
    return frame.with_columns(changes) if changes else frame


def _group(
    questions: pl.DataFrame, zoned: pl.DataFrame, name: str, group: Features, table: Table | None, view: pl.DataFrame | None, q: str
) -> pl.DataFrame:
    if group.aggregates and view is None:
        raise DataError(f"the features {name} aggregate rows, but no rows were given")
    windows = compute(view, questions, group, table, q=q) if view is not None and group.aggregates else None
    if not group.expressions:
        assert windows is not None  # a group without features is refused where it is declared
        return windows
    return expressions(zoned, group, windows, micros(questions[q]), name=name).select(group.names)


def expressions(
    zoned: pl.DataFrame, group: Features, windows: pl.DataFrame | None, asked: pl.Series, *, name: str = "features", checked: bool = False
) -> pl.DataFrame:
    """The questions with the group's windows and expressions beside them; a later expression sees the earlier ones.

    Beside the question's columns and the group's own features there is ``asked_at``, the question's time (UTC unless the
    questions have a column of that name). ``checked``: the expressions are known to look at one row only.
    """
    frame = zoned
    if ASKED_AT not in frame.columns and any(ASKED_AT in e.meta.root_names() for _, e in group.expressions):
        frame = frame.with_columns(asked.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias(ASKED_AT))
    if windows is not None:
        frame = frame.with_columns(windows.get_columns())
    for feature, expression in group.expressions:
        if not checked:
            rowwise(expression, f"the feature {name}.{feature}")
        for column in expression.meta.root_names():
            if column not in frame.columns:
                raise DataError(
                    f'the feature {name}.{feature} reads "{column}", which is neither a feature of its group nor a column of the question',
                    hint=closest(column, frame.columns),
                )
        try:
            frame = frame.with_columns(expression.alias(feature))
        except pl.exceptions.PolarsError as error:
            raise DataError(f"the feature {name}.{feature} cannot be computed: {error}") from error
    return frame
