"""All steps of a project, in lifecycle order."""

from collections.abc import Mapping
from dataclasses import replace

from ninefold.engine.step import Output, Step
from ninefold.errors import NinefoldError
from ninefold.project.home import Home
from ninefold.project.reading.graph import Graph
from ninefold.project.steps.hypotheses import hypothesis_step
from ninefold.project.steps.making import Making
from ninefold.project.steps.models import model_steps
from ninefold.project.steps.sources import source_step
from ninefold.project.steps.tables import table_step
from ninefold.project.steps.training import questions_step, training_step
from ninefold.sources.source import Source


def steps_of(graph: Graph, home: Home, as_of: int) -> list[Step]:
    """The steps of every thing that a run makes. Events and posted rows are read where a table names them."""
    making = Making(graph, home, as_of)
    steps: list[Step] = []
    read = {bound.thing for name in graph.of("table") for bound in graph.parameters(name)}
    for name, source in graph.of("source").items():
        if (isinstance(source, Source) and source.of is not None) or name in read:
            steps.append(source_step(making, name))
    for name in graph.of("table"):
        steps += table_step(making, name)
    asked = {graph.resolve(model.problem, ("problem",))[0] for model in graph.of("model").values()}
    steps += [questions_step(making, name) for name in graph.of("problem") if name in asked]
    for name in graph.of("model"):
        steps.append(training_step(making, name))
        steps += model_steps(making, name)
    steps += [hypothesis_step(making, name) for name in graph.of("hypothesis")]
    return [_placed(each, graph) for each in steps]


def _placed(step: Step, graph: Graph) -> Step:
    """The step, its errors naming where the thing is declared that it makes, unless they know a nearer place."""
    name = step.name.partition("/")[2]
    place = graph.place(name if name in graph.things else name.rpartition(".")[0])

    def run(outputs: Mapping[str, Output]) -> Output:
        try:
            return step.run(outputs)
        except NinefoldError as error:
            error.where = error.where or place
            raise

    return replace(step, run=run) if place else step
