"""``nf.drift`` on two frames: one comparison, without a history of days."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.monitors.columns import chosen, eager, grid_of, histogram_of
from ninefold.monitors.distributions import GATE, LEVEL, compare, describe
from ninefold.stats.corrections import benjamini_hochberg
from ninefold.stats.sizes import psi_size


class ColumnDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One column: ``size`` is the share of rows that moved (KS distance or total variation, sampling noise removed), ``p`` corrected
    over all columns, ``psi`` the population stability index with its noise removed.
    """

    column: str
    drifted: bool
    size: float
    p: float
    psi: float
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of two frames; the columns that drifted first. Rows are taken as independent."""

    columns: tuple[ColumnDrift, ...]
    rows: tuple[int, int]
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing drifted."""
        return not any(c.drifted for c in self.columns) and not self.missing

    @property
    def drifted(self) -> list[str]:
        return [c.column for c in self.columns if c.drifted]

    def __str__(self) -> str:
        lines = [f"{len(self.drifted)} of {len(self.columns)} columns drifted ({self.rows[0]:,} and {self.rows[1]:,} rows, taken as independent)"]
        lines += [f"  {c.column}: {c.size:.1%} of the rows moved{c.text}, p = {c.p:.2g}" for c in self.columns if c.drifted]
        return "\n".join(lines + [f"  {name}: only in one of the frames" for name in self.missing])

    __repr__ = __str__


def compare_frames(a: Any, b: Any, columns: Sequence[str] | None = None) -> Report:
    """Compare ``b`` with the reference ``a``, column by column: a column drifted where its corrected p-value (Benjamini and Hochberg at
    5 %) is small *and* at least 5 % of the rows moved.
    """
    first, second = eager(a), eager(b)
    names = chosen(first, second, columns)
    found = []
    for name in names:
        grid = grid_of(first[name])
        before, after = histogram_of(grid, first[name]), histogram_of(grid, second[name])
        p, size = compare(grid, before, after)
        text = describe(grid, before, after) if before.n and after.n else ""
        found.append((name, p, size, psi_size(before.array(), after.array()), text))
    corrected = benjamini_hochberg([one[1] for one in found])
    rows = [
        ColumnDrift(column=name, drifted=bool(p < LEVEL and size > GATE), size=size, p=p, psi=psi, text=text)
        for (name, _, size, psi, text), p in zip(found, corrected, strict=True)
    ]
    missing = () if columns else tuple(n for n in dict.fromkeys([*first.columns, *second.columns]) if n not in names)
    return Report(columns=tuple(sorted(rows, key=lambda c: (not c.drifted, -c.size))), rows=(first.height, second.height), missing=missing)
