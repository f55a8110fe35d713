"""What a competition learns from: questions with their inputs and labels, split into train, validate and test."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.encoding import Floats
from ninefold.errors import DataError, closest
from ninefold.ids import canonical
from ninefold.models.split import Split
from ninefold.units import HOUR, duration_text

if TYPE_CHECKING:
    import polars as pl

Q, DAY, LABEL, MATURE, STATE = "__q", "__day", "__label", "__mature", "__state"
Kind = Literal["number", "bool", "text"]
Target = Literal["binary", "multiclass", "regression"]
Rows = NDArray[np.int64]
FEWEST_ROWS = 20


@dataclass(frozen=True, eq=False, slots=True)
class Input:
    """One input column, read once: floats (NaN is null) for numbers and booleans, a list (None is null) for text."""

    name: str
    kind: Kind
    values: Any

    def take(self, rows: Rows) -> Any:
        """The values at these positions."""
        return [self.values[i] for i in rows.tolist()] if self.kind == "text" else self.values[rows]


@dataclass(frozen=True, eq=False, slots=True)
class Dataset:
    """Settled questions: decision time ``q`` (µs), local ``day``, label as a number, inputs, and ``extra`` columns by name.

    ``classes`` are the labels of the positions 0, 1, … for more than two classes. ``index`` are the rows' positions in the frame
    that was given; ``dropped`` counts the rows that were not settled.
    """

    kind: Target
    q: Rows
    day: Rows
    mature: Rows
    label: Floats
    inputs: tuple[Input, ...]
    extra: dict[str, Any]
    classes: tuple[Any, ...]
    index: Rows
    dropped: int

    def without(self, names: Sequence[str]) -> "Dataset":
        """The same rows with fewer inputs."""
        kept = tuple(i for i in self.inputs if i.name not in set(names))
        missing = sorted(set(names) - {i.name for i in self.inputs})
        if missing:
            raise DataError(f'there is no input "{missing[0]}" to leave out', hint=closest(missing[0], [i.name for i in self.inputs]))
        if not kept:
            raise DataError("no input is left", hint="leave at least one group of features")
        return Dataset(self.kind, self.q, self.day, self.mature, self.label, kept, self.extra, self.classes, self.index, self.dropped)

    def columns(self, rows: Rows) -> dict[str, Any]:
        """Inputs at these rows, as the scorer takes them."""
        return {i.name: i.take(rows) for i in self.inputs}

    def digest(self) -> str:
        """SHA-256 of all that a candidate learns from: the same rows with another value, label or input are another dataset."""
        found = hashlib.sha256(canonical([self.kind, list(map(str, self.classes)), [(i.name, i.kind) for i in self.inputs], sorted(self.extra)]))
        for column in (self.q, self.day, self.label, *(i.values for i in self.inputs), *(self.extra[name] for name in sorted(self.extra))):
            found.update(column.tobytes() if isinstance(column, np.ndarray) else canonical(column))
        return found.hexdigest()


@dataclass(frozen=True, eq=False, slots=True)
class Parts:
    """Positions of the rows to fit on, to choose on, to refit on (both, with what matured meanwhile), to test on, and all."""

    train: Rows
    validate: Rows
    refit: Rows
    test: Rows
    everything: Rows
    digest: str


def dataset(frame: "pl.DataFrame", *, kind: Target, inputs: Sequence[str] | None = None, extra: Sequence[str] = ()) -> Dataset:
    """Read a training set.

    The frame has ``__q`` (µs), ``__day`` (days, of the decision time in its zone), ``__label``, and where known ``__mature`` (µs)
    and ``__state`` (only "settled" rows count). ``inputs`` are by default all other columns without ``__`` and not in ``extra``;
    ``extra`` are columns that costs and slices read.

    Raises DataError for a missing column, a column of a kind that no model reads, or labels that do not fit the target.
    """
    import polars as pl

    for name in (Q, LABEL, *(inputs or ()), *extra):
        if name not in frame.columns:
            raise DataError(f'the training set has no column "{name}"', hint=closest(name, frame.columns))
    names = list(inputs) if inputs is not None else [c for c in frame.columns if not c.startswith("__") and c not in extra]
    if not names:
        raise DataError("the training set has no inputs", hint="give the model features=[...]")
    settled = pl.col(LABEL).is_not_null()
    if frame.schema[LABEL].is_float():
        settled &= pl.col(LABEL).is_not_nan()
    if STATE in frame.columns:
        settled &= pl.col(STATE) == "settled"
    kept = frame.with_row_index("__row").filter(settled)
    if not len(kept):
        raise DataError(f"none of the {len(frame)} questions has a label", hint="wait for outcomes, or look at the share of void ones")
    empty = [n for n in names if kept[n].null_count() == len(kept) or (kept.schema[n].is_float() and not kept[n].is_finite().any())]
    if empty:
        raise DataError(
            f'the input "{empty[0]}" is null in all of the {len(kept)} rows' + (f", and {len(empty) - 1} more are" if empty[1:] else ""),
            hint="look at the table's known times and at by=, or leave it out",
            where=empty[0],
        )
    label, classes = _labels(kept[LABEL], kind)
    q = kept[Q].cast(pl.Int64).to_numpy()
    day = kept[DAY].cast(pl.Int64).to_numpy() if DAY in kept.columns else q // 86_400_000_000
    mature = kept[MATURE].cast(pl.Int64).fill_null(kept[Q].cast(pl.Int64)).to_numpy() if MATURE in kept.columns else q
    return Dataset(
        kind,
        q,
        day,
        mature,
        label,
        tuple(_input(kept[n]) for n in names),
        {n: _input(kept[n]).values for n in extra},
        classes,
        kept["__row"].cast(pl.Int64).to_numpy(),
        len(frame) - len(kept),
    )


def _input(series: "pl.Series") -> Input:
    import polars as pl

    kind = series.dtype
    if kind == pl.Boolean:
        return Input(series.name, "bool", _floats(series.cast(pl.Float64)))
    if kind.is_numeric():
        return Input(series.name, "number", _floats(series.cast(pl.Float64)))
    if kind == pl.Null:
        return Input(series.name, "number", np.full(len(series), np.nan))
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return Input(series.name, "text", series.cast(pl.String).to_list())
    hint = "make a number or a text of it"
    if kind.is_temporal():
        hint = f'make numbers of it: nf.Features(hour=pl.col("{series.name}").dt.hour(), ...)'
    raise DataError(f'the input "{series.name}" is of type {kind}; models read numbers, booleans and texts', hint=hint, where=series.name)


def _floats(series: "pl.Series") -> Floats:
    values = np.array(series.to_numpy(), np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _labels(series: "pl.Series", kind: Target) -> tuple[Floats, tuple[Any, ...]]:
    import polars as pl

    if kind == "multiclass":
        classes = tuple(series.unique().sort().to_list())
        _at_least_two(classes, len(series))
        position = {c: float(i) for i, c in enumerate(classes)}
        return np.fromiter((position[v] for v in series.to_list()), np.float64, len(series)), classes
    if not (series.dtype == pl.Boolean or series.dtype.is_numeric()):
        wanted = "true and false (or 1 and 0)" if kind == "binary" else "numbers"
        example = (
            f'pl.col("label") == "{series.drop_nulls()[0]}"' if kind == "binary" and series.dtype == pl.String else 'pl.col("label").cast(pl.Float64)'
        )
        raise DataError(
            f"the label is of type {series.dtype}, a {kind} problem needs {wanted}",
            hint=f"make it so in the table's function, such as {example}; classes with names are predict=nf.multiclass(...)",
        )
    label = np.array(series.cast(pl.Float64).to_numpy(), np.float64)
    if kind == "binary":
        found = set(np.unique(label)[:10].tolist())
        if not found <= {0.0, 1.0}:
            raise DataError(f"the label of a yes-or-no problem has the values {sorted(found)}", hint="true and false (or 1 and 0) are expected")
        _at_least_two(tuple(found), len(series))
    if not np.isfinite(label).all():
        raise DataError("the label is infinite in some row", where=LABEL)
    return label, ()


def _at_least_two(classes: tuple[Any, ...], rows: int) -> None:
    if len(classes) < 2:
        raise DataError(f"all {rows} labels are {classes[0]!r}: there is nothing to tell apart", hint="a longer span, or another label")


def prepare(data: Dataset, split: Split) -> Parts:
    """Split the rows. Spans lie in ``q`` and end at the last question; train and validate keep what was mature before the next span.

    Raises DataError where a part has fewer than 20 rows, or (for classes) train or validate have one class only.
    """
    everything = np.lexsort((data.index, data.q)).astype(np.int64)
    if split.kind == "time":
        train, validate, refit, test = _by_time(data, split, everything)
    else:
        train, validate, test = _by_share(data, split, everything)
        refit = everything[np.isin(everything, test, invert=True)]
    for name, rows in (("train", train), ("validate", validate), ("test", test)):
        _enough(data, name, rows, split)
    hashed = hashlib.sha256(b"".join(rows.tobytes() for rows in (train, validate, refit, test)))
    return Parts(train, validate, refit, test, everything, hashed.hexdigest())


def _by_time(data: Dataset, split: Split, everything: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    q, mature = data.q[everything], data.mature[everything]
    tested = int(q.max()) + 1 - int(split.test)
    validated = tested - int(split.validate)
    return (
        everything[(q < validated) & (mature <= validated)],
        everything[(q >= validated) & (q < tested) & (mature <= tested)],
        everything[(q < tested) & (mature <= tested)],
        everything[q >= tested],
    )


def _by_share(data: Dataset, split: Split, everything: Rows) -> tuple[Rows, Rows, Rows]:
    random = np.random.default_rng(split.seed)
    if split.kind == "random":
        place = random.permutation(len(everything)) / len(everything)
    else:
        if split.by not in data.extra:
            raise DataError(f'the split is by "{split.by}", which is not among the rows\' columns', hint="give it in extra=")
        values = data.extra[split.by]
        names = sorted({str(values[i]) for i in everything.tolist()})
        drawn = dict(zip(names, (random.permutation(len(names)) / len(names)).tolist(), strict=True))
        place = np.fromiter((drawn[str(values[i])] for i in everything.tolist()), np.float64, len(everything))
    tested, validated = place < split.test, (place >= split.test) & (place < split.test + split.validate)
    return everything[~tested & ~validated], everything[validated], everything[tested]


def _whole_hours(span: int) -> int:
    return -(-span // HOUR) * HOUR


def _enough(data: Dataset, name: str, rows: Rows, split: Split) -> None:
    if len(rows) < FEWEST_ROWS:
        span = f" ({name} is {duration_text(int(getattr(split, name)))})" if split.kind == "time" and name != "train" else ""
        # a span that is hardly longer than the wait for an answer keeps next to nothing: shorter would keep less
        wait = int((data.mature - data.q).max()) if len(data.q) else 0
        slow = split.kind == "time" and name == "validate" and split.validate < 2 * wait
        raise DataError(
            f"{name} has {len(rows)} of the {len(data.q)} settled questions{span}, at least {FEWEST_ROWS} are needed",
            hint=f"answers take {duration_text(_whole_hours(wait))}: make validate= in split= longer than that"
            if slow
            else "more data, or shorter spans in split=",
        )
    if data.kind != "regression" and name != "test" and len(np.unique(data.label[rows])) < 2:
        raise DataError(f"the {len(rows)} labels of {name} are all of one class", hint="more data, or other spans in split=")
