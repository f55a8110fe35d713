"""What changed between two stored versions of a table."""

from collections.abc import Sequence
from typing import Any

from ninefold.errors import NotFoundError, UsageError, closest
from ninefold.project.explaining.plain import plain
from ninefold.project.explaining.stored import versions_of
from ninefold.project.explaining.why import declared
from ninefold.project.home import Home

EXAMPLES = 5


def difference(home: Home, name: str, first: int, second: int, keys: Sequence[str] = ()) -> dict[str, Any]:
    """Columns added, gone and of another type; rows ``added``, ``gone``, ``changed``, ``equal`` by key; per column how many differ.

    ``keys`` identify a row (default: the key that the project declares). Raises NotFoundError for a version that is not stored,
    UsageError where the key identifies no single row.
    """
    import polars as pl

    stored = {v["version"] for v in versions_of(home, name)}
    for number in (first, second):
        if number not in stored:
            raise NotFoundError(f"{name} has no version {number}", hint=f"it has {', '.join(map(str, sorted(stored)))}")
    before, after = home.stored("tables", name).read(first), home.stored("tables", name).read(second)
    by = list(keys) or [k.strip() for k in declared(home).get(name, {}).get("says", {}).get("key", "").split(",") if k.strip()]
    for column in by:
        if column not in before.columns or column not in after.columns:
            raise UsageError(f'"{column}" is no column of both versions', hint=closest(column, before.columns))
    if not by:
        raise UsageError(f"no key of {name} is known", hint="say which columns identify a row: --key id")
    if before.select(by).is_duplicated().any() or after.select(by).is_duplicated().any():
        raise UsageError(f"{', '.join(by)} does not identify the rows of {name}", hint="add columns: --key a --key b")
    shared = [c for c in after.columns if c in before.columns and c not in by and before.schema[c] == after.schema[c]]
    both = before.join(after, on=by, how="inner", suffix="\0after", nulls_equal=True)
    differs = both.select(pl.col(c).ne_missing(pl.col(f"{c}\0after")).alias(c) for c in shared)
    any_differs = differs.select(pl.any_horizontal(pl.all())).to_series() if shared else pl.Series([False] * both.height)
    changed = both.filter(any_differs)
    counts = {c: int(differs[c].sum()) for c in shared}
    return {
        "name": name,
        "first": first,
        "second": second,
        "key": by,
        "columns_added": [c for c in after.columns if c not in before.columns],
        "columns_gone": [c for c in before.columns if c not in after.columns],
        "types": [
            {"column": c, "before": str(before.schema[c]), "after": str(after.schema[c])}
            for c in after.columns
            if c in before.columns and before.schema[c] != after.schema[c]
        ],
        "added": after.height - both.height,
        "gone": before.height - both.height,
        "changed": changed.height,
        "equal": both.height - changed.height,
        "columns": [{"column": c, "rows": n} for c, n in sorted(counts.items(), key=lambda item: -item[1]) if n],
        "examples": [_example(row, by, shared) for row in changed.head(EXAMPLES).to_dicts()],
    }


def _example(row: dict[str, Any], by: list[str], shared: list[str]) -> dict[str, Any]:
    values = {c: [plain(row[c]), plain(row[f"{c}\0after"])] for c in shared if row[c] != row[f"{c}\0after"]}
    return {"key": {c: plain(row[c]) for c in by}, "values": values}
