"""A step: what runs, what it needs, and everything that its output depends on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.errors import DeclarationError, UsageError, closest
from ninefold.ids import digest_of

if TYPE_CHECKING:
    from ninefold.ledger import Tx


class Output(msgspec.Struct, frozen=True):
    """What a step made: ``content`` says what it is, ``ref`` where it lies (JSON).

    Equal contents must give equal content ids, whatever run made them: that is what stops a change that changes nothing.
    """

    content: str
    ref: dict[str, Any] = {}


Outputs = Mapping[str, Output]
Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a run.

    ``run`` gets the outputs of ``needs`` by name. ``parts`` is what else determines the output (code, parameters, settings),
    by name and digest, or a function that gives it once the needs are there. ``kind`` and ``revision`` say which code of
    ours does the work: the revision is raised when that code would give another answer. ``uncacheable`` is the reason why a
    stored output must not be trusted. ``exists`` says whether a stored output is still there; ``facts`` writes more facts
    and rows in the transaction that records the output.
    """

    name: str
    run: Callable[[Outputs], Output]
    needs: tuple[str, ...] = ()
    parts: Parts | Callable[[Outputs], Parts] = field(default_factory=dict)
    kind: str = "step"
    revision: int = 1
    uncacheable: str | None = None
    subject: str = ""
    exists: Callable[[Output], bool] | None = None
    facts: "Callable[[Tx, Output], None] | None" = None


def all_parts(step: Step, needs: Outputs) -> dict[str, str]:
    """Everything that the step's key is made of, by name: what ``why`` compares.

    >>> step = Step("b", lambda needs: needs["a"], needs=("a",), parts={"code:f": "12ab"}, kind="table")
    >>> all_parts(step, {"a": Output("77")})
    {'code:f': '12ab', 'kind': 'table/1', 'need:a': '77'}
    """
    own = step.parts(needs) if callable(step.parts) else step.parts
    whole = {**own, "kind": f"{step.kind}/{step.revision}"} | {f"need:{name}": needs[name].content for name in step.needs}
    return dict(sorted(whole.items()))


def key_of(parts: Parts) -> str:
    """The key: SHA-256 of the parts. Same key, same output.

    >>> key_of({"a": "1", "b": "2"}) == key_of({"b": "2", "a": "1"})
    True
    """
    return digest_of(dict(parts))


def in_order(steps: Sequence[Step], targets: Sequence[str] | None = None) -> list[Step]:
    """The steps that the targets need (default: all), each after what it needs, else in the order given.

    Raises UsageError for an unknown target, DeclarationError for a need that is no step, a name given twice, and a cycle.
    """
    by_name: dict[str, Step] = {}
    for step in steps:
        if step.name in by_name:
            raise DeclarationError(f'two steps are called "{step.name}"', hint="rename one of them")
        by_name[step.name] = step
    done: dict[str, Step] = {}
    wanted = list(by_name) if targets is None else list(targets)
    for target in wanted:
        _visit(target, "", by_name, done)
    return list(done.values())


def _visit(target: str, asked_by: str, by_name: dict[str, Step], done: dict[str, Step]) -> None:
    # an explicit stack: a chain may be longer than Python's recursion limit
    path: dict[str, None] = {}
    stack = [(target, asked_by)]
    while stack:
        name, parent = stack[-1]
        if name not in by_name:
            needs = f'the step "{parent}" needs "{name}"' if parent else f'there is no step "{name}"'
            kind = DeclarationError if parent else UsageError
            raise kind(needs + (", which is no step" if parent else ""), hint=closest(name, by_name))
        open_needs = [need for need in by_name[name].needs if need not in done]
        if name in done or not open_needs:
            done.setdefault(name, by_name[name])
            path.pop(name, None)
            stack.pop()
            continue
        path[name] = None
        for need in open_needs:
            if need in path:
                names = list(path)
                circle = " -> ".join([*names[names.index(need) :], need])
                raise DeclarationError(f"steps need each other: {circle}", hint="take one of these needs away")
        stack.extend((need, name) for need in reversed(open_needs))
