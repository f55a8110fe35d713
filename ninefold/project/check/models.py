"""Models: leaks, features, candidates, the split."""

import inspect
from typing import Any

from ninefold.errors import closest
from ninefold.features import Features
from ninefold.features.leaks import check_leaks
from ninefold.features.reading import ASKED_AT
from ninefold.models import Model, On, Tuned
from ninefold.models.candidate import unwrapped
from ninefold.problems import Ahead, Problem, Target
from ninefold.project.check.notes import Notes
from ninefold.project.check.problems import cost_columns
from ninefold.tables import Table
from ninefold.things import Thing
from ninefold.units import duration_text


def check(notes: Notes) -> None:
    """No model reads what is not yet known, and its parts fit its problem."""
    for name, model in notes.graph.of("model").items():
        _features(notes, name, model)
        _candidates(notes, name, model)
        problem = notes.find(model.problem, "problem")
        if isinstance(problem, Problem):
            asked = notes.find(problem.predict.of, "table")
            if isinstance(asked, Table):
                _leaks(notes, name, model, problem, asked)
            _split(notes, name, model, problem.predict)
            for candidate, given in model.candidates:
                _kind(notes, name, candidate, given, problem.predict)


def _features(notes: Notes, name: str, model: Model) -> None:
    if not model.features:
        notes.error(name, "the model has no features", 'features=[group, "column", ...]', at=("features",))
    seen: set[Any] = set()
    for item in model.features:
        key, shown = (item, item) if isinstance(item, str) else (id(item), getattr(item, "noun", repr(item)))
        if not isinstance(item, str | Thing):
            notes.error(
                name,
                f"{item!r} in features is neither a group nor a column",
                'give a group of features, or a column of the asked table as a text: "carrier"',
                at=("features",),
            )
            continue
        if isinstance(item, Thing):
            shown = _shown(notes, item)
        if key in seen:
            notes.error(name, f'"{shown}" stands twice in features', "keep one of them", at=(shown,))
        seen.add(key)
        if isinstance(item, str) and isinstance(notes.graph.things.get(item), Features):
            notes.warn(
                name,
                f'"{item}" in features is read as a column of the asked table, and there is a group of that name',
                f"for the group write {item} without quotes",
                at=(item,),
            )


def _shown(notes: Notes, thing: Thing) -> str:
    names = [n for n, t in notes.graph.things.items() if t is thing]
    return names[0] if names else thing.noun


def asked_columns(group: Features) -> set[str]:
    """The columns of the question that a group of features reads: its entities, and what its expressions do not find in the group."""
    roots = {root for _, expression in group.expressions for root in expression.meta.root_names()}
    entities = {*group.by, *(column for _, aggregate in group.aggregates for column in aggregate.by or ())}
    return entities | (roots - set(group.names)) - {ASKED_AT}


def _leaks(notes: Notes, name: str, model: Model, problem: Problem, asked: Table) -> None:
    """What would be read at the question and is known only later, and windows that can see no row."""
    groups = [(_shown(notes, g), g, notes.find(g.table, "table") if g.table is not None else None) for g in model.features if isinstance(g, Features)]
    others = {column: f"the cost {cost}=" for cost, column in cost_columns(problem).items()}
    bare = [item for item in model.features if isinstance(item, str)]
    for leak in check_leaks(problem.predict, asked, groups, bare, others=others):
        notes.error(name, leak.error.message, leak.error.hint, at=leak.names)


def _split(notes: Notes, name: str, model: Model, target: Target) -> None:
    """The spans of a split must outlast the wait for answers: a validation question must be mature before the test begins."""
    split = model.split
    if split.kind != "time":
        if split.validate + split.test >= 1:
            notes.error(name, f"validate and test take {split.validate + split.test:.0%} of the questions", "leave some to train on", at=("split",))
        return
    for part in ("validate", "test"):
        if getattr(split, part) <= 0:
            notes.error(name, f"the split has an empty {part} span", f'give it some days: {part}="30d"', at=(part,))
    wait = target.matures or ((target.label.window if isinstance(target.label, Ahead) else 0) + target.settle)
    if 0 < split.validate <= wait:
        notes.error(
            name,
            f"no question of the validate span ({duration_text(int(split.validate))}) is mature before the test span begins: "
            f"answers take {duration_text(wait)}",
            "make validate= longer than the wait for an answer",
            at=("validate",),
        )


def _candidates(notes: Notes, name: str, model: Model) -> None:
    for candidate, given in model.candidates:
        if not candidate.isidentifier():
            notes.error(
                name, f'"{candidate}" cannot be the name of a candidate', "use letters, digits and _, beginning with a letter", at=(candidate,)
            )
        tuned = given.candidate if isinstance(given, On) else given
        if not isinstance(tuned, Tuned):
            continue
        estimator = unwrapped(tuned)
        known = _parameters(estimator)
        for parameter, _ in tuned.space if known else ():
            if parameter not in known:
                kind = type(estimator).__name__
                notes.error(
                    name, f'the candidate "{candidate}" searches {parameter}=, which {kind} does not have', closest(parameter, known), at=(parameter,)
                )


def _parameters(estimator: Any) -> set[str]:
    """The parameters that an estimator can be told; none where it takes any."""
    if not hasattr(estimator, "get_params"):
        return set()
    kinds = {p.kind for p in inspect.signature(type(estimator).__init__).parameters.values()}
    return set() if inspect.Parameter.VAR_KEYWORD in kinds else set(estimator.get_params())


def _kind(notes: Notes, name: str, candidate: str, given: Any, target: Target) -> None:
    estimator = unwrapped(given)
    tags = getattr(estimator, "__sklearn_tags__", None)
    kind = tags().estimator_type if tags is not None else getattr(estimator, "_estimator_type", None)
    wanted = "regressor" if target.kind == "regression" else "classifier"
    if kind in {"regressor", "classifier"} and kind != wanted:
        notes.error(
            name,
            f'the candidate "{candidate}" ({type(estimator).__name__}) is a {kind}, and the target is {target.kind}',
            f"choose a {wanted}",
            at=(candidate,),
        )
