"""Lineage as a graph: from left to right in the order of need, neighbours only."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from ninefold.ui.charts.svg import Drawing

ROW, GAP = 46, 46


class Node(NamedTuple):
    """A thing: its name, its noun, where its page is; ``here`` is the one that the page is about."""

    name: str
    noun: str
    href: str
    here: bool = False


def lineage(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> str:
    """The nodes in columns, each right of what it needs, as links.

    >>> lineage([Node("a", "table", "/tables/a"), Node("b", "model", "/models/b", True)], [("a", "b")]).count("<a ")
    2
    """
    columns = _columns(nodes, edges)
    by_name = {n.name: n for n in nodes}
    wide = [max(7.4 * max(len(n), 0.8 * len(by_name[n].noun)) for n in column) + 26 for column in columns]
    places: dict[str, tuple[float, float, float]] = {}
    tallest, x = max((len(c) for c in columns), default=1), 1.0
    for column, width in zip(columns, wide, strict=True):
        top = (tallest - len(column)) * (ROW + 10) / 2 + 1
        for i, name in enumerate(column):
            places[name] = (x, top + i * (ROW + 10), width)
        x += width + GAP
    drawing = Drawing(
        x - GAP + 1, tallest * (ROW + 10) - 8, f"What {_here(nodes)} is made from, and what is made from it", kind="lineage", links=True
    )
    for start, end in edges:
        x1, y1, width = places[start]
        x2, y2, _ = places[end]
        a, b, c, d = x1 + width, y1 + ROW / 2, x2, y2 + ROW / 2
        bend = max(GAP, c - a) / 2
        drawing.path(f"M{a:.0f} {b:.0f}C{a + bend:.0f} {b:.0f} {c - bend:.0f} {d:.0f} {c:.0f} {d:.0f}", "soft", 1.2)
    for node in nodes:
        _node(drawing, node, *places[node.name])
    return drawing.text_of()


def _node(drawing: Drawing, node: Node, x: float, y: float, width: float) -> None:
    drawing.raw(f'<a href={quoteattr(node.href)} class="node{" here" if node.here else ""}"' + (' aria-current="page"' if node.here else "") + ">")
    drawing.box(x, y, width, ROW, "paper", round=5, outline="ink" if node.here else "soft")
    drawing.text(x + 12, y + 18, node.noun, size=10.5)
    weight = ' font-weight="600"' if node.here else ""
    drawing.raw(f'<text x="{x + 12:.0f}" y="{y + 34:.0f}" font-size="13" class="f-ink" fill="#1d1d1b"{weight}>{escape(node.name)}</text>')
    drawing.raw("</a>")


def _here(nodes: Sequence[Node]) -> str:
    return next((n.name for n in nodes if n.here), "it")


def _columns(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Names by the longest path that leads to them; in each column near the middle of what they need."""
    before: dict[str, list[str]] = {n.name: [] for n in nodes}
    for start, end in edges:
        before[end].append(start)
    depth: dict[str, int] = {}
    for node in nodes:
        _depth(node.name, before, depth, frozenset())
    for node in nodes:
        # what needs nothing stands directly left of what needs it, not far away at the edge
        followers = [depth[e] for s, e in edges if s == node.name]
        if not before[node.name] and followers:
            depth[node.name] = max(depth[node.name], min(followers) - 1)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in nodes:
        columns[depth[node.name]].append(node.name)
    filled = [c for c in columns if c]
    for left, column in itertools.pairwise(filled):
        order = {name: i for i, name in enumerate(left)}
        column.sort(key=lambda n: _middle([order[b] for b in before[n] if b in order]))
    return filled


def _middle(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _depth(name: str, before: Mapping[str, Sequence[str]], depth: dict[str, int], path: frozenset[str]) -> int:
    if name not in depth:
        steps = [_depth(b, before, depth, path | {name}) + 1 for b in before[name] if b not in path]
        depth[name] = max(steps, default=0)
    return depth[name]
