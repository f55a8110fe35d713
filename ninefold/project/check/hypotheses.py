"""Hypotheses: the candidates and groups that they speak of exist, in one model."""

from typing import Any

from ninefold.errors import closest
from ninefold.features import Features
from ninefold.hypotheses import Test
from ninefold.metrics import Metric
from ninefold.models import Model
from ninefold.project.check.notes import Notes


def check(notes: Notes) -> None:
    """Each built-in test finds the one model that it is about."""
    for name, hypothesis in notes.graph.of("hypothesis").items():
        test = hypothesis.test
        if not isinstance(test, Test):
            continue
        if test.kind == "beats":
            _beats(notes, name, test)
        elif test.kind == "helps":
            _helps(notes, name, test)
        elif test.kind == "differs" and isinstance(test.args[0], Metric) and test.args[0].statistic:
            notes.error(
                name,
                f"nf.differs compares slices itself, and {test.args[0]} is a statistic over slices",
                f"write nf.{test.args[0].name}",
                at=("differs",),
            )


def models_of(notes: Notes, test: Test) -> dict[str, Model]:
    """The models that a test may be about: the one that it names, or all."""
    models = notes.graph.of("model")
    named = notes.find(test.model, "model") if test.model is not None else None
    return {n: m for n, m in models.items() if named is None or m is named}


def _beats(notes: Notes, name: str, test: Test) -> None:
    models = models_of(notes, test)
    first, second = test.args
    if first == second:
        notes.error(name, f'"{first}" cannot beat itself', "name two candidates", at=(first,))
        return
    fitting = [n for n, m in models.items() if {first, second} <= {c for c, _ in m.candidates} | {"baseline"}]
    if len(fitting) == 1:
        return
    if fitting:
        notes.error(
            name, f'the candidates "{first}" and "{second}" compete in {" and ".join(fitting)}', f"say which: model={fitting[0]!r}", at=("beats",)
        )
        return
    known: list[str] = [c for m in models.values() for c, _ in m.candidates]
    for candidate in (first, second):
        if candidate not in known:
            notes.error(name, f'there is no candidate called "{candidate}"', closest(str(candidate), known), at=(candidate,))
    if {first, second} <= set(known):
        notes.error(name, f'"{first}" and "{second}" are candidates of different models', "compare two of one model", at=("beats",))


def _helps(notes: Notes, name: str, test: Test) -> None:
    group = notes.find(test.args[0], "features")
    if not isinstance(group, Features):
        return  # the check of the wiring has said so
    fitting = [n for n, m in models_of(notes, test).items() if any(item is group for item in m.features)]
    at: tuple[Any, ...] = (test.args[0] if isinstance(test.args[0], str) else notes.graph.name_of(group), "helps")
    if not fitting:
        notes.error(name, f'no model uses the features "{notes.graph.name_of(group)}"', "add the group to a model's features", at=at)
    elif len(fitting) > 1:
        notes.error(
            name, f'the features "{notes.graph.name_of(group)}" are used by {" and ".join(fitting)}', f"say which: model={fitting[0]!r}", at=at
        )
