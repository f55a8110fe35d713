"""The step of a hypothesis: its test on data that the model did not learn from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output, Step
from ninefold.errors import DataError
from ninefold.hypotheses.hypothesis import Evidence, Hypothesis, Test
from ninefold.ids import canonical, digest
from ninefold.project.learning import Learning
from ninefold.project.live.registered import competing
from ninefold.project.parts import Known
from ninefold.project.steps.making import Making, step
from ninefold.project.steps.models import fitted_of, objective, prepared
from ninefold.project.steps.tables import rows_of, rows_step

if TYPE_CHECKING:
    import polars as pl

    from ninefold.hypotheses.test import Tested


def hypothesis_step(making: Making, name: str) -> Step:
    """The step of the hypothesis ``name``. Its output is the test, corrected for nothing yet."""
    hypothesis: Hypothesis = making.thing(name)
    test = hypothesis.test
    if isinstance(test, str):
        test = making.graph.resolve(test, ("evidence",))[1]
    if isinstance(test, Evidence):
        return _evidence(making, name, test)
    if test.kind in {"helps", "beats", "differs"}:
        return _on_model(making, name, test)
    return _on_table(making, name, test)


def _made(making: Making, name: str, tested: "Tested", **more: Any) -> Output:
    import msgspec

    body = {"tested": msgspec.to_builtins(tested), **more}
    # the number of a version says where the evidence lies, not what it is: a run that was killed and repeated has another
    return Output(digest(canonical({k: v for k, v in body.items() if k != "evidence"})), body)


def _the_model(making: Making, test: Test) -> Learning:
    models = making.graph.of("model")
    if test.model is not None:
        return Learning.of(making.graph, making.graph.resolve(test.model, ("model",))[0])
    for name in models:
        learning = Learning.of(making.graph, name)
        groups = {n for n, _, _ in learning.groups}
        candidates = dict(learning.model.candidates)
        if test.kind == "helps" and making.graph.resolve(test.args[0], ("features",))[0] in groups:
            return learning
        if test.kind == "beats" and set(test.args) <= {*candidates, "baseline"}:
            return learning
    return Learning.of(making.graph, next(iter(models)))


def _on_model(making: Making, name: str, test: Test) -> Step:
    learning = _the_model(making, test)
    model, training = f"model/{learning.name}", f"training/{learning.name}"
    needs = [model, training, *(f"candidate/{learning.name}.{c}" for c in ("baseline", *dict(learning.model.candidates)))]

    def run(outputs: Mapping[str, Output]) -> Output:
        import numpy as np

        from ninefold.hypotheses.test import beats, differs, helps
        from ninefold.project.judging import levels

        proof = making.home.stored("evidence", learning.name).scan(outputs[model].ref["evidence"]).collect()
        made = outputs[model].ref
        asked = [test.kind, *_names(making, test)]
        seen = {"model": learning.name, "evidence": made["evidence"], "winner": made["winner"], "until": made["to"], "test": asked}
        if test.kind == "beats":
            for candidate in test.args:
                if f"loss.{candidate}" not in proof.columns:
                    out = outputs[f"candidate/{learning.name}.{candidate}"].ref
                    raise DataError(f"nothing can be said of {candidate}: {out.get('failed', 'it was not measured')}", hint=out.get("hint", ""))
            first, second = (proof[f"loss.{c}"].to_numpy() for c in test.args)
            return _made(making, name, beats(first, second, proof["day"].to_numpy()), **seen)
        if test.kind == "helps":
            without = _without(making, learning, outputs, making.graph.resolve(test.args[0], ("features",))[0])
            return _made(making, name, helps(proof[f"loss.{seen['winner']}"].to_numpy(), without, proof["day"].to_numpy()), **seen)
        rows = making.home.stored("training", learning.name).scan(outputs[training].ref["version"]).collect()
        by = rows[test.args[1]].gather(proof["row"])
        given: dict[str, Any] = {"kind": learning.kind, "decision": proof["decision"] if learning.kind == "binary" else None}
        score: Any = proof["score"]
        if learning.kind == "multiclass":
            given["classes"] = levels(making.home, made["bundle"])
            score = np.array(score.to_list(), np.float64)
        return _made(making, name, differs(test.args[0], proof["label"], score, by=by, day=proof["day"], **given), **seen)

    return step(
        f"hypothesis/{name}",
        run,
        kind="hypothesis",
        revision=3,
        needs=tuple(needs),
        parts=(making.values("test", kind=test.kind, args=_names(making, test), model=learning.name),),
        subject=making.home.subject("hypothesis", name),
    )


def _without(making: Making, learning: Learning, outputs: Mapping[str, Output], group: str) -> Any:
    from ninefold.models.finish import refit_without

    winner = outputs[f"model/{learning.name}"].ref["winner"]
    if winner == "baseline":
        raise DataError("the constant answer won: no group of features can help it", hint="look at the candidates first")
    candidate = fitted_of(making, outputs[f"candidate/{learning.name}.{winner}"])
    data, parts = prepared(making, learning, outputs[f"training/{learning.name}"])
    declared = {c: competing(making.home, d) for c, d in learning.model.candidates}
    return refit_without(learning.columns_of(group), candidate, declared, data, parts, objective(learning))[1]


def _names(making: Making, test: Test) -> list[str]:
    return [a if isinstance(a, str) else str(a) if not hasattr(a, "noun") else making.graph.name_of(a) for a in test.args]


def _on_table(making: Making, name: str, test: Test) -> Step:
    table_name = _the_table(making, test)
    table = making.thing(table_name)
    need = f"view/{table_name}"

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.hypotheses.test import associated, stable

        rows = rows_of(making, outputs[need], need, as_of=making.as_of).collect()
        day = _days(rows, table)
        seen = {"table": table_name, "until": str(day.max()), "test": [test.kind, *test.args, table_name]}
        if test.kind == "associated":
            return _made(making, name, associated(rows[test.args[0]], rows[test.args[1]], day), **seen)
        return _made(making, name, stable(rows[test.args[0]], day), **seen)

    return step(
        f"hypothesis/{name}",
        run,
        kind="hypothesis",
        revision=3,
        needs=(need,),
        subject=making.home.subject("hypothesis", name),
        parts=(making.values("test", kind=test.kind, args=list(test.args)), making.meaning(table_name), Known((need,), making.as_of)),
    )


def _the_table(making: Making, test: Test) -> str:
    if test.model is not None:
        return making.graph.resolve(test.model, ("table",))[0]
    problems = making.graph.of("problem")
    if not problems:
        raise DataError(f"nf.{test.kind} does not say of which table", hint="add table=...")
    return making.graph.resolve(next(iter(problems.values())).predict.of, ("table",))[0]


def _days(rows: "pl.DataFrame", table: Any) -> "pl.Series":
    import polars as pl

    if table.time is None:
        raise DataError("the table has no time, and days are what a test resamples", hint='give it time="..."')
    column = rows[table.time.column]
    days: pl.Series = column if column.dtype == pl.Date else column.dt.date()
    return days


def _evidence(making: Making, name: str, test: Evidence) -> Step:
    bound = [b for b in making.graph.parameters(test) if b.kind == "rows" and b.thing]
    needs = {b.name: rows_step(making, str(b.thing)) for b in bound}

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.hypotheses.test import evidence
        from ninefold.tables.frames import handed

        rows = {b.name: rows_of(making, outputs[needs[b.name]], needs[b.name], as_of=making.as_of) for b in bound}
        with handed(rows, {b.name: b.annotation for b in bound}) as frames:
            return _made(making, name, evidence(test.function(**frames)), until=_latest(making, rows, bound))

    known = Known(tuple(n for n in needs.values() if n.startswith("view/")), making.as_of)
    meaning = making.meaning(*(n.partition("/")[2] for n in known.needs))
    parts = (making.code(test.function), making.values("evidence", binds=sorted(needs.items())), meaning, known)
    subject = making.home.subject("hypothesis", name)
    return step(f"hypothesis/{name}", run, kind="hypothesis", needs=tuple(needs.values()), parts=parts, subject=subject, revision=2)


def _latest(making: Making, rows: Mapping[str, Any], bound: list[Any]) -> str | None:
    """The last day of the tables that evidence reads; None where none of them has a time."""
    import polars as pl

    tables = {b.name: making.thing(str(b.thing)) for b in bound}
    times = [(rows[name], table.time.column) for name, table in tables.items() if getattr(table, "time", None) is not None]
    found = [frame.lazy().select(pl.col(column).max()).collect().item() for frame, column in times]
    return max((str(day)[:10] for day in found if day is not None), default=None)
