"""What a project asks for by the language and this release cannot run: named before anything runs, never left out in silence."""

from ninefold.errors import DeclarationError, NinefoldError, NotYetError
from ninefold.models.support import unsupported
from ninefold.problems import Problem
from ninefold.project.reading.graph import Graph


def cannot_run(graph: Graph) -> list[NinefoldError]:
    """Streams, quantiles, candidates that cannot be fitted or exported: each with its place. Nothing is fitted or loaded."""
    found: list[NinefoldError] = []
    for name, table in graph.of("table").items():
        if getattr(table, "mode", "batch") == "stream":
            found.append(NotYetError(f'the table "{name}" is a stream', where=graph.place(name), hint='this release runs mode="batch"'))
    for name, model in graph.of("model").items():
        try:
            problem = graph.resolve(model.problem, ("problem",))[1]
        except DeclarationError:
            continue  # the check of the wiring says so
        if isinstance(problem, Problem):
            for error in unsupported(model, problem.predict):
                error.where = graph.place(name, *([error.where.split('"')[1]] if '"' in error.where else []))
                found.append(error)
    return found


def answers_nowhere(graph: Graph) -> list[NinefoldError]:
    """Endpoints whose scores this release cannot write where they are wanted; their models can be trained all the same."""
    return [
        NotYetError(f'this release writes scores into the lake, not to "{e.to}"', where=graph.place(name, e.to), hint='to="lake:scores"')
        for name, e in graph.of("endpoint").items()
        if e.to is not None and not e.to.startswith("lake:")
    ]


def watches_less(graph: Graph, endpoint: str | None = None) -> list[NinefoldError]:
    """Monitors (of an endpoint, or all) with a check that this release does not make: a deployment would be watched less than was asked."""
    found: list[NinefoldError] = []
    for name, monitor in graph.of("monitor").items():
        if endpoint is not None and graph.resolve(monitor.endpoint, ("endpoint",))[0] != endpoint:
            continue
        if any(c.kind == "quality" and c.by for c in monitor.checks):
            hint = "leave by= out; nf.bias(by=...) compares groups, and criteria may have them: nf.recall(by=...).worst"
            found.append(NotYetError(f'the monitor "{name}" watches quality by group', where=graph.place(name), hint=hint))
    return found
