"""Answering without a server: a released version opened here, its online features warmed from the lake. Nothing of the user's is imported."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.clock import SimulatedClock
from ninefold.endpoints.records import champion, current
from ninefold.errors import NotFoundError, closest
from ninefold.models.records import Version
from ninefold.models.records import version as version_of
from ninefold.project.home import Home
from ninefold.project.live.answers import endpoints
from ninefold.project.live.sealed import bundle_of

if TYPE_CHECKING:
    import polars as pl

    from ninefold.bundles.scorer import Bundle
    from ninefold.endpoints.questions import Questions
    from ninefold.endpoints.service import Service
    from ninefold.features.spec import GroupSpec, TableSpec


def answering(home: Home, endpoint: str, version: int | None = None) -> Version:
    """The version that answers an endpoint: its champion, or that one. Raises NotFoundError."""
    found = champion(current(home.ledger, home.project, endpoint))
    if found is None:
        known = endpoints(home)
        hint = f"release one: ninefold deploy {endpoint}" if endpoint in known or not known else closest(endpoint, known)
        raise NotFoundError(f'nothing is released to "{endpoint}"', hint=hint)
    return version_of(home.ledger, home.project, found.model, version if version is not None else found.version)


def opened(home: Home, made: Version) -> "tuple[Bundle, Questions, list[GroupSpec]]":
    """A version's bundle, verified and tried, and how its inputs are computed."""
    from ninefold.endpoints.questions import Questions, Request
    from ninefold.features.spec import GroupSpec

    bundle = bundle_of(home, made)
    groups = [msgspec.convert(group, GroupSpec) for group in bundle.features]
    return bundle, Questions(msgspec.convert(bundle.request, Request), groups), groups


def service(home: Home, endpoint: str, at: int, version: int | None = None) -> "Service":
    """The endpoint as it would answer at ``at`` (µs): features are those that were known then."""
    from ninefold.endpoints.service import Loaded, Service
    from ninefold.features.online import Fold

    made = answering(home, endpoint, version)
    bundle, questions, groups = opened(home, made)
    fold = Fold(groups)
    for spec in tables_of(groups):
        fold.warm(spec.name, rows_of(home, spec, as_of=at).collect(), at)
    return Service(endpoint, SimulatedClock(at), champion=Loaded(made.version, bundle, questions, fold))


def tables_of(groups: "Sequence[GroupSpec]") -> "list[TableSpec]":
    """The tables whose rows the groups aggregate, each once."""
    return list({g.table.name: g.table for g in groups if g.table is not None and g.aggregates}.values())


def rows_of(home: Home, spec: "TableSpec", *, as_of: int | None = None) -> "pl.LazyFrame":
    """A table's rows with their known times, those included that were just journalled."""
    from ninefold.features.spec import table_of
    from ninefold.lake.roll import scan_both
    from ninefold.tables.incoming import Incoming
    from ninefold.tables.known import view

    table, name = table_of(spec), spec.name
    decode = Incoming(name, table, spec.columns).frame
    updates = scan_both(home.stored("updates", name), home.journal(f"updates/{name}"), decode, name=f"updates/{name}")
    return view(table, home.stored("tables", name).scan(), updates, as_of)


def predict(home: Home, endpoint: str, question: Any, *, at: int, explain: bool = False) -> Any:
    """The answer to one question or a list, as the endpoint would give it at ``at``. It is not logged, so it has no id."""
    answers, _ = service(home, endpoint, at).answer(question, q=at, explain=explain)
    for answer in answers:
        del answer["id"]
    return answers if isinstance(question, list) else answers[0]
