"""Finding registered models and their versions, those that the project made among them."""

from collections.abc import Sequence

from msgspec.structs import replace

from ninefold.ledger import Ledger
from ninefold.runs.searching.conditions import Column, Noun, Sql, Table
from ninefold.runs.searching.filters import Comparison, Field, Order
from ninefold.runs.searching.finding import column_of, page
from ninefold.runs.searching.ordering import places

MODELS = Noun(
    "registered models",
    "registry_models m",
    {"name": Column("m.name"), "created": Column("m.created", "int"), "updated": Column("m.updated", "int")},
    {"tag": Table("registered_tags", "x.project = m.project and x.name = m.name")},
)
VERSIONS = Noun(
    "versions",
    "registry_versions v",
    {
        "name": Column("v.name"),
        "version": Column("v.version", "int"),
        "source": Column("v.source"),
        "run": Column("v.run", nullable=True),
        "run_or_none": Column("coalesce(v.run, '')"),
        "stage": Column("v.stage"),
        "created": Column("v.created", "int"),
        "updated": Column("v.updated", "int"),
    },
    {"tag": Table("version_tags", "x.project = v.project and x.name = v.name and x.version = v.version")},
)
_NAME, _VERSION = Field("attribute", "name"), Field("attribute", "version")
_NEWEST = Order(Field("attribute", "updated"), descending=True)


def search_models(
    ledger: Ledger, project: str, filters: Sequence[Comparison] = (), *, order: Sequence[Order] = (), limit: int = 100, token: str | None = None
) -> tuple[list[str], str | None]:
    """The names of a page of registered models that meet all filters, by name, and the token of the next page."""
    by = places(MODELS, order, (Order(_NAME),))
    found, after = page(ledger, MODELS, [Sql("m.project = ?", (project,))], filters, by, limit=limit, token=token)
    column = column_of(by, _NAME)
    return [row[column] for row in found], after


def search_versions(
    ledger: Ledger, project: str, filters: Sequence[Comparison] = (), *, order: Sequence[Order] = (), limit: int = 1000, token: str | None = None
) -> tuple[list[tuple[str, int]], str | None]:
    """Names and numbers of a page of versions that meet all filters, the last changed first, and the token of the next page."""
    by = places(VERSIONS, order or (_NEWEST,), (Order(_NAME), Order(_VERSION, descending=True)))
    found, after = page(ledger, VERSIONS, [Sql("v.project = ?", (project,))], filters, by, limit=limit, token=token, plain=_run)
    name, version = column_of(by, _NAME), column_of(by, _VERSION)
    return [(row[name], int(row[version])) for row in found], after


def _run(comparison: Comparison) -> Comparison:
    """A version without a run is one whose run is the empty text. What asks for certain runs keeps the column, and so its index."""
    if comparison.field != Field("attribute", "run"):
        return comparison
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    if comparison.sign in {"=", "in"} and "" not in values:
        return comparison
    return replace(comparison, field=Field("attribute", "run_or_none"))
