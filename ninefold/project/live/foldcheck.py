"""Features online against batch: the last days of the stored past go through the fold, row by row, and every value is compared."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import NotFoundError
from ninefold.models.records import newest
from ninefold.project.home import Home
from ninefold.project.live.answering import opened, rows_of, tables_of
from ninefold.units import DAY

if TYPE_CHECKING:
    import polars as pl

    from ninefold.endpoints.questions import Questions
    from ninefold.features.spec import GroupSpec

TOLERANCE = 1e-9
EXAMPLES = 5


class Group(msgspec.Struct, frozen=True):
    """One group of features: values compared, and how many differ."""

    name: str
    values: int
    differences: int


class Checked(msgspec.Struct, frozen=True):
    """What was compared: questions with decision times in ``[start, end)`` (µs), the rows that were folded, differences by group."""

    model: str
    version: int
    start: int
    end: int
    questions: int
    rows: int
    groups: list[Group]
    examples: list[dict[str, Any]]

    @property
    def differences(self) -> int:
        """How many values differ."""
        return sum(g.differences for g in self.groups)


def check_fold(home: Home, model: str, *, days: int = 1, end: int | None = None) -> Checked:
    """Replay the last ``days`` before ``end`` (default: after the newest question) through the online fold; compare with the batch kernel.

    The groups are those of the model's newest version. Raises NotFoundError where it has none, or no question lies in the span.
    """
    import polars as pl

    made = newest(home.ledger, home.project, model)
    if made is None:
        raise NotFoundError(f'the model "{model}" has no version yet', hint="run the project first: ninefold run")
    _, program, groups = opened(home, made)
    windows = [g for g in groups if g.aggregates]
    views = {spec.name: rows_of(home, spec).collect() for spec in tables_of(groups)}
    asked = _questions(home, program, made.body.get("training_version"), model)
    last = end if end is not None else int(asked["__q"].max() or 0) + 1  # type: ignore[arg-type]
    start = last - days * DAY
    asked = asked.filter(pl.col("__q").is_between(start, last, closed="left")).sort("__q")
    if not asked.height:
        raise NotFoundError("no question was asked in that span", hint="say when it ends: --until 2013-09-30T00:00")
    served, rows = _served(home, windows, views, asked, start, last)
    compared, examples = [], []
    for spec in windows:
        batch = _batch(spec, views, asked)
        different = {f: _different(served[spec.name][f], batch[f].to_list()) for f in batch.columns}
        compared.append(Group(spec.name, len(different) * asked.height, sum(len(places) for places in different.values())))
        examples += [
            {"feature": f"{spec.name}.{f}", "question": _key(asked, program, i), "online": served[spec.name][f][i], "batch": batch[f][i]}
            for f, places in different.items()
            for i in places[:EXAMPLES]
        ]
    return Checked(model, made.version, start, last, asked.height, rows, compared, examples[:EXAMPLES])


def _questions(home: Home, program: "Questions", version: int | None, model: str) -> "pl.DataFrame":
    """The request's columns and ``__q`` of the newest training set, and of the rows of the asked table where it does not carry them."""
    import polars as pl

    training = home.stored("training", model).read(version)
    wanted = [c for c in program.request.columns if c in training.columns]
    missing = [c for c in program.request.columns if c not in wanted]
    found = training.select("__q", *wanted)
    if missing:
        key = program.request.key
        table = home.stored("tables", program.request.asked).read().select(*key, *[c for c in missing if c not in key])
        found = found.join(table.unique(key), on=key, how="left", maintain_order="left")
    return found.with_columns(pl.col("__q").cast(pl.Int64))


def _served(
    home: Home, groups: "Sequence[GroupSpec]", views: "Mapping[str, pl.DataFrame]", asked: "pl.DataFrame", start: int, end: int
) -> tuple[dict[str, dict[str, list[Any]]], int]:
    """Each group's values at each question, from a fold that was warmed at ``start`` and fed row by row since."""
    from ninefold.features.online import Fold
    from ninefold.features.spec import table_of
    from ninefold.project.live.replaying import AT, updates_of

    fold = Fold(groups)
    fed: list[tuple[int, int, str, dict[str, Any]]] = []
    for spec in tables_of(groups):
        fold.warm(spec.name, rows_of(home, spec, as_of=start).collect(), start)
        for frame in updates_of(table_of(spec), views[spec.name], start, end):
            plain = _micros(frame)
            fed += [(row.pop(AT), 0, spec.name, row) for row in plain.to_dicts()]
    moments = [(q, 1, "", row) for q, row in zip(asked["__q"].to_list(), _micros(asked).to_dicts(), strict=True)]
    found: dict[str, dict[str, list[Any]]] = {g.name: {a.name: [] for a in g.aggregates} for g in groups}
    for at, what, name, row in sorted([*fed, *moments], key=lambda one: one[:2]):
        if what == 0:
            fold.apply(name, [row])
            continue
        for group in groups:
            for feature, value in fold.lookup(group.name, row, at).items():
                found[group.name][feature].append(value)
    return found, len(fed)


def _batch(spec: "GroupSpec", views: "Mapping[str, pl.DataFrame]", asked: "pl.DataFrame") -> "pl.DataFrame":
    from ninefold.features.kernel import compute
    from ninefold.features.spec import features_of, table_of

    assert spec.table is not None
    return compute(views[spec.table.name], asked, features_of(spec), table_of(spec.table))


def _micros(frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    times = [c for c, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    return frame.with_columns(pl.col(c).dt.timestamp("us") for c in times)


def _different(online: list[Any], batch: list[Any]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(online, batch, strict=True)) if not _same(a, b)]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        a, b = (None if v is None or v != v else float(v) for v in (a, b))
        return a is b or (a is not None and b is not None and abs(a - b) <= TOLERANCE * max(1.0, abs(b)))
    return bool(a == b)


def _key(asked: "pl.DataFrame", program: "Questions", place: int) -> str:
    return ", ".join(str(asked[c][place]) for c in program.request.key)
