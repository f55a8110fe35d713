"""How things are wired: the references in their fields, and the parameters of their functions."""

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ninefold.endpoints import Endpoint
from ninefold.errors import DeclarationError
from ninefold.features import Features
from ninefold.hypotheses import Evidence, Hypothesis
from ninefold.metrics import Custom, MetricRef
from ninefold.models import Model
from ninefold.monitors import Monitor
from ninefold.problems import Ahead, Problem
from ninefold.tables import Table
from ninefold.things import Ref, Thing

ROWS = ("table", "source")
PREDICTIONS = "predictions"


def references(thing: Thing) -> tuple[Ref, ...]:
    """What a thing refers to in its fields (not through its function's parameters): the thing or its name, and which nouns fit."""
    finder = _FINDERS.get(type(thing))
    return tuple(finder(thing)) if finder else ()


def _problem(thing: Problem) -> Iterator[Ref]:
    yield Ref(thing.predict.of, ("table",), "of")
    if isinstance(thing.predict.label, Ahead):
        yield Ref(thing.predict.label.table, ("table",), "nf.ahead")
    for criterion in thing.solved_when:
        yield from _metric(criterion.metric, "solved_when")
    if isinstance(thing.baseline, str) and "." in thing.baseline:
        yield Ref(thing.baseline.rpartition(".")[0], ("features",), "baseline")


def _metric(metric: Any, field: str) -> Iterator[Ref]:
    if isinstance(metric, MetricRef):
        yield Ref(metric.name, ("metric",), field)
    elif isinstance(metric, Custom):
        yield Ref(metric, ("metric",), field)


def _table(thing: Table) -> Iterator[Ref]:
    for expectation in thing.expect:
        if expectation.kind == "refers_to":
            yield Ref(expectation.args[0], ("table",), "expect")


def _hypothesis(thing: Hypothesis) -> Iterator[Ref]:
    test = thing.test
    if isinstance(test, Evidence | str):
        yield Ref(test, ("evidence",), "test")
        return
    if test.kind == "helps":
        yield Ref(test.args[0], ("features",), "nf.helps")
    if test.kind == "differs":
        yield from _metric(test.args[0], "nf.differs")
    if test.model is not None:
        yield Ref(test.model, ("table",) if test.kind in {"associated", "stable"} else ("model",), f"nf.{test.kind}")


def _features(thing: Features) -> Iterator[Ref]:
    if thing.table is not None:
        yield Ref(thing.table, ("table",), "table")


def _model(thing: Model) -> Iterator[Ref]:
    yield Ref(thing.problem, ("problem",), "problem")
    for item in thing.features:
        if isinstance(item, Thing):
            yield Ref(item, ("features",), "features")


def _endpoint(thing: Endpoint) -> Iterator[Ref]:
    if thing.registered is None:
        yield Ref(thing.model, ("model",), "model")
    if thing.acted is not None:
        yield Ref(thing.acted, ROWS, "acted")


def _monitor(thing: Monitor) -> Iterator[Ref]:
    yield Ref(thing.endpoint, ("endpoint",), "endpoint")


_FINDERS: dict[type[Thing], Callable[[Any], Iterator[Ref]]] = {
    Problem: _problem,
    Table: _table,
    Hypothesis: _hypothesis,
    Features: _features,
    Model: _model,
    Endpoint: _endpoint,
    Monitor: _monitor,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One parameter of a thing's function.

    ``kind`` says what it receives: the rows of the thing called ``thing``; the ``predictions`` of the endpoint called
    ``thing`` (None: of the only one); or, as a ``parameter`` of the step, its ``default``. ``annotation`` is the type
    (None: not annotated, which means ``polars.LazyFrame``; a text where it cannot be resolved).
    """

    name: str
    annotation: Any
    thing: str | None
    kind: Literal["rows", "predictions", "parameter"] = "rows"
    default: Any = None


def function_of(thing: Thing) -> Callable[..., Any] | None:
    """The function that a thing was made of, if it was."""
    if isinstance(thing, Table):
        return thing.of if callable(thing.of) else None
    if isinstance(thing, Custom | Evidence):
        return thing.function
    return None


def positional(thing: Thing) -> tuple["Thing | str", ...]:
    """The things that ``@nf.table(flights, weather, ...)`` gives by position."""
    return thing.args if isinstance(thing, Table) else ()


def signature(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function, annotations resolved where that is possible.

    Raises:
        DeclarationError: a parameter that cannot be named by a thing (``*args``, ``**kwargs``).
    """
    parameters = list(inspect.signature(function).parameters.values())
    for parameter in parameters:
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise DeclarationError(f'{function.__name__} has the parameter "{parameter}"', hint="name each thing that it reads")
    try:
        hints = typing.get_type_hints(function)
    except (NameError, AttributeError, TypeError):
        return parameters  # a name that only type checkers import: the text stays
    return [p.replace(annotation=hints.get(p.name, p.annotation)) for p in parameters]
