"""A table's step: call its function on what it reads, check the rows, store a version; and the step of its profile."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output, Step
from ninefold.project.parts import Fixed, Known, LakeHead
from ninefold.project.steps.making import Making, step, values
from ninefold.project.views import view, visible
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
    needs, code, unkeyed = _reads(making, name, table, steps)
    referred = {e.args[0]: f"table/{making.graph.resolve(e.args[0], ('table',))[0]}" for e in table.expect if e.kind == "refers_to"}
    step_needs = tuple(dict.fromkeys([*needs.values(), *referred.values()]))

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.tables.build import build

        inputs = {parameter: _rows(making, outputs[need], need) for parameter, need in needs.items()}
        kinds = {b.name: b.annotation for b in making.graph.parameters(name)}
        others = {key: _rows(making, outputs[need], need) for key, need in referred.items()}
        built = build(table, inputs, name=name, annotations=kinds, tables=others)
        return _store(making, name, table, built, {n: outputs[n].content for n in step_needs})

    def facts(tx: "Tx", output: Output) -> None:
        tx.fact("table.written", f"{subject}@{output.ref['version']}", {**output.ref, "content": output.content})
        if output.ref["quarantined"]:
            told = {"rows": output.ref["quarantined"], "reasons": output.ref["reasons"], "version": output.ref["version"]}
            tx.fact("table.quarantined", f"{subject}@{output.ref['version']}", told)

    declared = values(
        "table", key=table.key, time=table.time, until=table.until, tz=table.tz, known=table.known, later=table.later,
        expect=[e.text for e in table.expect] or None, otherwise=[(e.otherwise, e.at_most) for e in table.expect] or None,
    )
    steps.append(
        step(
            f"table/{name}", run, kind="table", needs=step_needs, parts=(code, declared), subject=subject,
            uncacheable=unkeyed, facts=facts, exists=lambda output: home.stored("tables", name).version is not None,
        )
    )
    steps.append(_updated(making, name, table))
    steps.append(_profile(making, name, table))
    return steps


def _reads(making: Making, name: str, table: Table, steps: list[Step]) -> tuple[dict[str, str], Fixed, str | None]:
    """Parameter → step that it reads; the code's parts; why it has no key."""
    from ninefold.project.steps.sources import external_step

    if isinstance(table.of, str):
        steps.append(external_step(making, name, Source(table.of)))
        return {"rows": f"source/{name}"}, Fixed(()), None
    bound = [b for b in making.graph.parameters(name) if b.kind == "rows" and b.thing]
    needs = {b.name: f"{making.thing(str(b.thing)).noun}/{b.thing}" for b in bound}
    code, unkeyed = making.code(table.of)
    return needs, code, unkeyed


def _rows(making: Making, output: Output, need: str) -> "pl.LazyFrame":
    """The rows that a function reads: a source's snapshot, or a table's visible columns."""
    noun, _, name = need.partition("/")
    if noun == "table":
        return visible(view(making.home, name, making.thing(name), version=output.ref["version"]))
    kind, _, stored = output.ref["table"].partition("/")
    return making.home.stored(kind, stored).scan(output.ref["version"])


def _store(making: Making, name: str, table: Table, built: Any, inputs: dict[str, str]) -> Output:
    from ninefold.tables.instants import write_instants
    from ninefold.tables.known import instants

    home = making.home
    lake_table = home.stored("tables", name)
    zones = built.zones
    written = lake_table.write(built.frame, mode="overwrite", zones=zones)
    assert written is not None
    quarantine_version = None
    if built.quarantine.height:
        kept = home.stored("quarantine", name).write(built.quarantine, mode="overwrite")
        quarantine_version = kept.version if kept else None
    path = home.path("instants", home.project, name, f"{written.digest[:16]}.i64")
    write_instants(path, instants(table, known(table, built.frame)))
    ref = {
        "table": f"tables/{name}", "version": written.version, "rows": built.frame.height, "columns": len(built.frame.columns),
        "quarantined": built.quarantine.height, "quarantine": quarantine_version, "reasons": built.report.rows, "inputs": inputs, "instants": str(path),
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
        write_instants(path, instants(table, view(home, name, table, version=base.ref["version"])))
        return Output(content, {**base.ref, "updates": version, "instants": str(path)})

    return step(
        f"view/{name}", run, kind="view", needs=(f"table/{name}",), parts=(head, values("table", later=table.later, known=table.known)),
        subject=home.subject("table", name),
    )


def _profile(making: Making, name: str, table: Table) -> Step:
    """Numbers of each column, as known."""
    home = making.home

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.ids import canonical
        from ninefold.tables.profile import profile

        seen = view(home, name, table, version=outputs[f"view/{name}"].ref["version"], as_of=making.as_of)
        data = canonical(profile(seen.collect()))
        return Output(home.blobs.add(data), {"blob": home.blobs.add(data), "as_of": making.as_of})

    return step(
        f"profile/{name}", run, kind="profile", needs=(f"view/{name}",), parts=(Known((f"view/{name}",), making.as_of),),
        subject=home.subject("table", name),
    )
