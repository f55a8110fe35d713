"""The steps from tables to a training set: questions with their labels, then features as known at each question."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output, Step
from ninefold.errors import DeclarationErrors
from ninefold.problems.target import Ahead
from ninefold.project.check import check_built
from ninefold.project.learning import Learning
from ninefold.project.parts import Fixed, Known, Tick
from ninefold.project.steps.making import Making, step
from ninefold.project.views import NONE, view

if TYPE_CHECKING:
    import polars as pl

    from ninefold.models.dataset import Dataset


def questions_step(making: Making, problem_name: str) -> Step:
    """Every question of a problem with its label, as known; whether it counts is decided by who reads it."""
    problem = making.thing(problem_name)
    home, target = making.home, problem.predict
    asked_name, asked_table = making.graph.resolve(target.of, ("table",))
    label_name, label_table = asked_name, asked_table
    if isinstance(target.label, Ahead):
        label_name, label_table = making.graph.resolve(target.label.table, ("table",))
    needs = tuple(dict.fromkeys([f"view/{asked_name}", f"view/{label_name}"]))

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.features.labels import MATURE, labels
        from ninefold.features.questions import questions
        from ninefold.tables.instants import write_instants
        from ninefold.tables.known import distinct

        rows = _view(making, asked_name, outputs, making.as_of)
        asked = questions(target, asked_table, rows, end=making.as_of if target.every is not None else None)
        other = (label_table, _view(making, label_name, outputs, making.as_of)) if isinstance(target.label, Ahead) else None
        found = labels(asked, target, asked_table, rows, ahead=other)
        frame = found.frame.with_columns(local_day(found.frame["__q"], target.tz or asked_table.tz).alias("__day"))
        written = home.stored("questions", problem_name).write(frame, mode="overwrite", zones=zones(frame))
        assert written is not None and written.digest is not None  # an overwrite has its digest
        path = home.path("instants", home.project, f"questions-{problem_name}", f"{written.digest[:16]}.i64")
        write_instants(path, distinct(frame[MATURE]))
        ref = {
            "table": f"questions/{problem_name}",
            "version": written.version,
            "rows": frame.height,
            "mature": str(path),
            "maturity": str(found.maturity),
            "after": found.maturity.after,
        }
        return Output(written.digest, ref)

    declared = making.values(
        "target",
        kind=target.kind,
        of=asked_name,
        label=_label(label_name, target.label),
        at=target.at,
        every=target.every,
        tz=target.tz,
        settle=target.settle,
        matures=target.matures,
    )
    parts: list[Any] = [declared, making.meaning(asked_name, label_name), Known(needs, making.as_of)]
    if target.every is not None:
        parts.append(Tick(str(target.every), target.tz or asked_table.tz or "UTC", making.as_of))
    return step(
        f"questions/{problem_name}", run, kind="questions", needs=needs, parts=tuple(parts), subject=home.subject("problem", problem_name), revision=2
    )


def _label(name: str, label: Any) -> Any:
    return [name, label.aggregate, label.window, label.by] if isinstance(label, Ahead) else label


def _view(making: Making, name: str, outputs: Mapping[str, Output], as_of: int | None) -> "pl.DataFrame":
    ref = outputs[f"view/{name}"].ref
    return view(making.home, name, making.thing(name), version=ref["version"], updates=ref.get("updates", NONE), as_of=as_of).collect()


def local_day(q: "pl.Series", tz: str | None) -> "pl.Series":
    """The day of each instant (µs UTC) in a zone, as days since 1970."""
    import polars as pl

    local = q.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(tz or "UTC")
    return local.dt.date().cast(pl.Int32)


def zones(frame: "pl.DataFrame") -> dict[str, str]:
    """The zone of each zoned column."""
    import polars as pl

    return {c: t.time_zone for c, t in frame.schema.items() if isinstance(t, pl.Datetime) and t.time_zone}


def training_step(making: Making, model_name: str) -> Step:
    """The mature questions of a model's problem with its features, bare columns, and what costs and slices read."""
    learning = Learning.of(making.graph, model_name)
    home = making.home
    tables = list(dict.fromkeys(t for _, _, t in learning.groups if t is not None))
    questions_name = f"questions/{learning.problem_name}"
    needs = (questions_name, *(f"view/{t}" for t in tables))

    def run(outputs: Mapping[str, Output]) -> Output:
        import polars as pl

        asked = home.stored("questions", learning.problem_name).scan(outputs[questions_name].ref["version"])
        mature = asked.filter(pl.col("__mature") < making.as_of).collect()
        views = {t: _view(making, t, outputs, None) for t in tables}
        # now that columns are known: each that is named and not there, at its line in the file
        if wrong := check_built(making.graph, {t: v.select(pl.exclude("^__.*$")).schema for t, v in views.items()}):
            raise wrong[0] if len(wrong) == 1 else DeclarationErrors(wrong)
        frame = learning.frame(mature, views, making.graph)
        written = home.stored("training", model_name).write(frame, mode="overwrite", zones=zones(frame))
        assert written is not None and written.digest is not None  # an overwrite has its digest
        counts = dict(frame.group_by("__state").len().iter_rows())
        ref = {
            "table": f"training/{model_name}",
            "version": written.version,
            "rows": frame.height,
            "states": counts,
            "from": _int(frame["__q"].min()),
            "to": _int(frame["__q"].max()),
            "as_of": making.as_of,
        }
        return Output(written.digest, ref)

    known = Known((questions_name,), making.as_of, "mature")
    return step(
        f"training/{model_name}",
        run,
        kind="training",
        needs=needs,
        parts=(features_part(making, learning), known),
        subject=home.subject("model", model_name),
        revision=2,
    )


def features_part(making: Making, learning: Learning) -> Fixed:
    """What determines a model's columns beside the rows: groups of features, and what the rows of their tables mean."""
    groups = {f"group_{n}": [of, g.by, g.rows_by, g.at, g.same_instant, g.aggregates, g.expressions] for n, g, of in learning.groups}
    tables = dict.fromkeys([learning.asked, *(of for _, _, of in learning.groups if of is not None)])
    declared = making.values("features", bare=learning.bare, extra=learning.extra, zone=learning.tz, **groups)
    meaning = making.meaning(*tables)
    return Fixed((*declared.parts, *meaning.parts), declared.unkeyed or meaning.unkeyed)


def _int(value: Any) -> int | None:
    return None if value is None else int(value)


def load(making: Making, model_name: str, output: Output) -> "Dataset":
    """The training set of a model, read once per process."""
    learning = Learning.of(making.graph, model_name)
    stored = making.home.stored("training", model_name)
    return _load(_Lazy(stored, output.content), output.ref["version"], learning.kind, learning.inputs, learning.extra)


class _Lazy:
    """A lake table that equals another one with the same content: the key of the memory below."""

    def __init__(self, table: Any, content: str) -> None:
        self.table, self.content = table, content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Lazy) and other.content == self.content

    def __hash__(self) -> int:
        return hash(self.content)


@lru_cache(maxsize=2)
def _load(stored: _Lazy, version: int, kind: Any, inputs: tuple[str, ...], extra: tuple[str, ...]) -> "Dataset":
    from ninefold.models.dataset import dataset

    return dataset(stored.table.scan(version).collect(), kind=kind, inputs=inputs, extra=extra)
