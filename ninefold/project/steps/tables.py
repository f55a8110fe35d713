"""A table's step: call its function on what it reads, check the rows, store a version; and the step of its profile."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output, Step
from ninefold.project.parts import Fixed, Known, LakeHead
from ninefold.project.steps.making import Making, step
from ninefold.project.views import NONE, current, view, visible
from ninefold.sources.source import Source
from ninefold.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

    from ninefold.ledger import Tx


def table_step(making: Making, name: str) -> list[Step]:
    """The steps of the table ``name``: its version, and its profile as known."""
    table: Table = making.thing(name)
    home = making.home
    subject = home.subject("table", name)
    steps: list[Step] = []
    needs, code = _reads(making, name, table, steps)
    referred = {e.args[0]: f"view/{making.graph.resolve(e.args[0], ('table',))[0]}" for e in table.expect if e.kind == "refers_to"}
    step_needs = tuple(dict.fromkeys([*needs.values(), *referred.values()]))

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.tables.build import build

        inputs = {parameter: rows_of(making, outputs[need], need) for parameter, need in needs.items()}
        kinds = {b.name: b.annotation for b in making.graph.parameters(name)}
        others = {key: rows_of(making, outputs[need], need) for key, need in referred.items()}
        built = build(table, inputs, name=name, annotations=kinds, tables=others)
        return _store(making, name, table, built, {n: outputs[n].content for n in step_needs})

    def facts(tx: "Tx", output: Output) -> None:
        tx.fact("table.written", f"{subject}@{output.ref['version']}", {**output.ref, "content": output.content})
        if output.ref["quarantined"]:
            told = {"rows": output.ref["quarantined"], "reasons": output.ref["reasons"], "version": output.ref["version"]}
            tx.fact("table.quarantined", f"{subject}@{output.ref['version']}", told)

    rules = [(e.kind, e.columns, e.args, e.otherwise, e.at_most) for e in table.expect]
    declared = making.values("table", expect=rules or None, binds=sorted(needs.items()), refers=sorted(referred.items()) or None)
    steps.append(
        step(
            f"table/{name}",
            run,
            kind="table",
            needs=step_needs,
            parts=(code, making.meaning(name), declared),
            subject=subject,
            revision=2,
            facts=facts,
            exists=lambda output: home.stored("tables", name).version is not None,
        )
    )
    steps.append(_updated(making, name, table))
    steps.append(_profile(making, name, table))
    return steps


def _reads(making: Making, name: str, table: Table, steps: list[Step]) -> tuple[dict[str, str], Fixed]:
    """Parameter → step that it reads, and the code's parts."""
    from ninefold.project.steps.sources import external_step

    if isinstance(table.of, str):
        steps.append(external_step(making, name, Source(table.of)))
        return {"rows": f"source/{name}"}, Fixed(())
    bound = [b for b in making.graph.parameters(name) if b.kind == "rows" and b.thing]
    return {b.name: rows_step(making, str(b.thing)) for b in bound}, making.code(table.of)


def rows_step(making: Making, thing: str) -> str:
    """The step whose rows a function gets for a thing: of a table its view, so that updates are among them."""
    return f"{'view' if making.thing(thing).noun == 'table' else 'source'}/{thing}"


def rows_of(making: Making, output: Output, need: str, *, as_of: int | None = None) -> "pl.LazyFrame":
    """The rows that a function reads: a source's snapshot, each event once, or the rows of a table that count."""
    step_kind, _, name = need.partition("/")
    if step_kind == "view":
        seen = view(making.home, name, making.thing(name), version=output.ref["version"], updates=output.ref.get("updates", NONE), as_of=as_of)
        return visible(seen)
    kind, _, stored = output.ref["table"].partition("/")
    if kind == "rows":
        return _posted(making, stored, output.ref["version"])
    if kind == "events":
        return _collected(making, stored, output.ref["version"])
    found: pl.LazyFrame = making.home.stored(kind, stored).scan(output.ref["version"])
    return found


def _posted(making: Making, name: str, version: int | None) -> "pl.LazyFrame":
    from ninefold.sources.posted import empty, typed

    if version is None:
        return empty(making.thing(name)).lazy()
    return typed(making.home.stored("rows", name).scan(version).collect(), making.thing(name), name).lazy()


def _collected(making: Making, name: str, version: int | None) -> "pl.LazyFrame":
    """Collected events, each id once; none yet is an empty frame of their shape."""
    from ninefold.project.live.events import schema

    if version is None:
        none_yet: pl.LazyFrame = schema(making.home, making.thing(name)).frame([]).lazy()
        return none_yet
    return making.home.stored("events", name).scan(version).unique("id", keep="first", maintain_order=True)


def _store(making: Making, name: str, table: Table, built: Any, inputs: dict[str, str]) -> Output:
    from ninefold.tables.instants import write_instants
    from ninefold.tables.known import instants

    home = making.home
    lake_table = home.stored("tables", name)
    zones = built.zones
    written = lake_table.write(built.frame, mode="overwrite", zones=zones)
    assert written is not None and written.digest is not None  # an overwrite has its digest
    quarantine_version = None
    if built.quarantine.height:
        kept = home.stored("quarantine", name).write(built.quarantine, mode="overwrite")
        quarantine_version = kept.version if kept else None
    path = home.path("instants", home.project, name, f"{written.digest[:16]}.i64")
    write_instants(path, instants(table, known(table, built.frame)))
    ref = {
        "table": f"tables/{name}",
        "version": written.version,
        "rows": built.frame.height,
        "columns": len(built.frame.columns),
        "quarantined": built.quarantine.height,
        "quarantine": quarantine_version,
        "reasons": built.report.rows,
        "inputs": inputs,
        "instants": str(path),
    }
    return Output(written.digest, ref)


def known(table: Table, frame: "pl.DataFrame") -> "pl.LazyFrame":
    """The view of rows that were just built."""
    from ninefold.tables.known import view as known_view

    return known_view(table, frame.lazy())


def _updated(making: Making, name: str, table: Table) -> Step:
    """The table with the updates that came by HTTP: what training and serving read. Its content changes with either."""
    home = making.home
    head = LakeHead("updates", home.stored_folder("updates", name))

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.ids import digest_of
        from ninefold.tables.instants import write_instants
        from ninefold.tables.known import instants

        base = outputs[f"table/{name}"]
        version = home.stored("updates", name).version
        if version is None:
            return Output(base.content, base.ref)
        content = digest_of([base.content, version])
        path = home.path("instants", home.project, name, f"{content[:16]}.i64")
        write_instants(path, instants(table, view(home, name, table, version=base.ref["version"], updates=version)))
        return Output(content, {**base.ref, "updates": version, "instants": str(path)})

    return step(
        f"view/{name}",
        run,
        kind="view",
        needs=(f"table/{name}",),
        parts=(head, making.meaning(name)),
        subject=home.subject("table", name),
        revision=2,
    )


def _profile(making: Making, name: str, table: Table) -> Step:
    """Numbers of each column, as known."""
    home = making.home

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.ids import canonical
        from ninefold.tables.profile import profile

        ref = outputs[f"view/{name}"].ref
        seen = view(home, name, table, version=ref["version"], updates=ref.get("updates", NONE), as_of=making.as_of)
        blob = home.blobs.add(canonical(profile(current(seen).collect())))
        return Output(blob, {"blob": blob, "as_of": making.as_of})

    return step(
        f"profile/{name}",
        run,
        kind="profile",
        needs=(f"view/{name}",),
        parts=(Known((f"view/{name}",), making.as_of), making.meaning(name)),
        subject=home.subject("table", name),
        revision=2,
    )
