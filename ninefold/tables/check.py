"""Checking rows against expectations, all in one scan; what breaks which rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ninefold.errors import DataError, DeclarationError, closest
from ninefold.sources.frames import from_any
from ninefold.tables.expect import Expectation
from ninefold.units import many

REASON = "__reason"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. ``rows`` counts the broken rows of each rule by its text; ``bad`` holds them with ``__reason``."""

    height: int
    rows: dict[str, int]
    bad: pl.DataFrame = field(repr=False)
    good: pl.DataFrame = field(repr=False)
    stops: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no row broke a rule and no limit was passed."""
        return not self.bad.height and not self.stops

    def __repr__(self) -> str:
        head = f"{many(self.height, 'row')}, " + ("all as expected" if self.ok else f"{self.bad.height:,} quarantined")
        width = max((len(t) for t in self.rows), default=0)
        lines = [f"  {'ok' if not n else 'x '} {text:<{width}}  {f'{n:,} broken' if n else ''}".rstrip() for text, n in self.rows.items()]
        return "\n".join([head, *lines, *(f"  stop: {s}" for s in self.stops)])


def check(frame: Any, expect: Sequence[Expectation] | Expectation, *, tables: Mapping[Any, Any] | None = None) -> Report:
    """Check the rows of any frame. Nothing is raised for broken rows: look at ``.ok``, ``.rows`` and ``.bad``.

    ``tables`` gives the frames that ``nf.refers_to`` names. A rule whose expression is null for a row passes. A row may
    break several rules; of rows that ``nf.unique`` forbids, the first that breaks no other rule stays.

    >>> import ninefold as nf
    >>> nf.check(pl.DataFrame({"id": [1, 1, 2], "speed": [3, 4, 1048]}), [nf.unique("id"), nf.between("speed", 0, 120)])
    3 rows, 2 quarantined
      x  unique('id')              1 broken
      x  between('speed', 0, 120)  1 broken
    """
    rules = [expect] if isinstance(expect, Expectation) else list(expect)
    for rule in rules:
        if not isinstance(rule, Expectation):
            raise DeclarationError(f"{rule!r} is no expectation", hint='write nf.unique("id"), nf.between("price", 0, 100), ...')
    rows = from_any(frame, said="the frame is")
    schema = rows.collect_schema()
    names = [f"__rule{i}" for i in range(len(rules))]
    for rule in rules:
        _columns_exist(rule, schema)
    single = {n: _expression(r, tables) for n, r in zip(names, rules, strict=True) if r.kind not in {"unique", "row_count"}}
    sound = ~pl.any_horizontal(list(single)) if single else pl.lit(True)
    flagged = rows.with_columns(e.fill_null(False).alias(n) for n, e in single.items()).with_columns(sound.alias("__sound"))
    # among the sound rows the first stays; a row that is broken anyway takes nobody's place
    again = {
        n: pl.col("__sound") & ~pl.struct("__sound", *r.columns).is_first_distinct() for n, r in zip(names, rules, strict=True) if r.kind == "unique"
    }
    flagged = flagged.with_columns(e.alias(n) for n, e in again.items())
    flags = [n for n in names if n in single or n in again]
    try:
        marked = flagged.collect()
    except pl.exceptions.PolarsError as error:
        unfit = _unfit(rules, rows, tables)
        if unfit is None:
            raise
        raise unfit from error
    counts = {n: int(marked[n].sum()) for n in flags}
    texts = {n: r.text for n, r in zip(names, rules, strict=True)}
    good, bad = _split(marked, flags, texts, list(schema))
    stops = tuple(s for n, r in zip(names, rules, strict=True) if (s := _stop(r, counts.get(n, 0), marked.height)))
    return Report(marked.height, {texts[n]: counts.get(n, 0) for n in names}, bad, good, stops)


def _expression(rule: Expectation, tables: Mapping[Any, Any] | None) -> pl.Expr:
    try:
        return broken(rule, tables)
    except TypeError as error:  # values of several types in one list
        raise DataError(f"{rule.text} cannot be checked: {error}".splitlines()[0], hint="give values of one type") from None


def _unfit(rules: Sequence[Expectation], rows: pl.LazyFrame, tables: Mapping[Any, Any] | None) -> DataError | None:
    """The rule that cannot be checked on such rows, and why; None where the rows themselves cannot be read."""
    schema = rows.collect_schema()
    for rule in rules:
        if rule.kind in {"unique", "row_count"}:
            continue
        try:
            rows.select(broken(rule, tables)).collect()
        except pl.exceptions.PolarsError as error:
            kinds = ", ".join(f'"{c}" is {schema[c]}' for c in rule.columns)
            said = str(error).partition("Resolved plan until failure")[0].partition("This error occurred")[0].strip()
            return DataError(f"{rule.text} cannot be checked: {said}", hint=kinds or "write a condition that is true or false for each row")
    return None


def _split(marked: pl.DataFrame, flags: list[str], texts: dict[str, str], columns: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not flags:
        return marked.select(columns), marked.select(columns).clear().with_columns(pl.lit("").alias(REASON))
    any_broken = marked.select(pl.any_horizontal(flags).alias("b"))["b"]
    reasons = pl.concat_str([pl.when(pl.col(n)).then(pl.lit(texts[n])) for n in flags], separator="; ", ignore_nulls=True)
    return marked.filter(~any_broken).select(columns), marked.filter(any_broken).with_columns(reasons.alias(REASON)).select(*columns, REASON)


def broken(rule: Expectation, tables: Mapping[Any, Any] | None = None) -> pl.Expr:
    """The expression that is true in rows that break ``rule``; null and false pass."""
    column = pl.col(rule.columns[0]) if rule.columns else pl.lit(None)
    if rule.kind == "not_null":
        return pl.any_horizontal(pl.col(c).is_null() for c in rule.columns)
    if rule.kind == "between":
        low, high = rule.args
        return column.lt(low) | column.gt(high)
    if rule.kind == "one_of":
        return column.is_in(list(rule.args[0])).not_()
    if rule.kind == "matches":
        return ~column.cast(pl.String).str.contains(rule.args[0])
    if rule.kind == "holds":
        expression: pl.Expr = rule.args[0]
        return expression.not_()
    if rule.kind == "refers_to":
        return ~column.is_in(_keys(rule, tables).implode())
    raise DeclarationError(f"the expectation {rule.text} is of no kind that can be checked")


def _keys(rule: Expectation, tables: Mapping[Any, Any] | None) -> pl.Series:
    table, key = rule.args
    if table not in (tables or {}):
        raise DeclarationError(f"{rule.text} needs the rows of that table", hint="nf.check(..., tables={table: frame})")
    key = key or (getattr(table, "key", None) or rule.columns)[0]
    rows = from_any((tables or {})[table])
    if key not in (schema := rows.collect_schema()):
        raise DataError(f'{rule.text}: there is no column "{key}"', hint=closest(key, schema))
    return rows.select(key).unique().collect()[key]


def _columns_exist(rule: Expectation, schema: pl.Schema) -> None:
    for column in (*rule.columns, *(rule.args[0].meta.root_names() if rule.kind == "holds" else ())):
        if column not in schema:
            raise DataError(f'{rule.text}: there is no column "{column}"', hint=closest(column, schema))


def _stop(rule: Expectation, count: int, height: int) -> str | None:
    if rule.kind == "row_count":
        low, high = rule.args
        if low <= height and (high is None or height <= high):
            return None
        return f"{many(height, 'row')}, expected {f'at least {low:,}' if high is None else f'{low:,} to {high:,}'}"
    if rule.at_most is None or not height or count / height <= rule.at_most:
        return None
    return f"{rule.text}: {count:,} of {many(height, 'row')} ({count / height:.1%}) break it, at most {rule.at_most:.1%} may"
