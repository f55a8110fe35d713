"""A source's step: read what is new into its typed snapshot."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ninefold.engine.step import Output, Step
from ninefold.errors import DataError
from ninefold.ids import digest_of
from ninefold.project.filedigests import SourceParts
from ninefold.project.parts import LakeHead
from ninefold.project.steps.making import Making, step
from ninefold.sources.read import snapshot, uncacheable
from ninefold.sources.source import Source

if TYPE_CHECKING:
    from ninefold.ledger import Tx


def source_step(making: Making, name: str) -> Step:
    """The step of the source ``name``; for posted rows and collected events: what the roller has moved into the lake so far."""
    source = making.thing(name)
    if not isinstance(source, Source) or source.of is None:
        return _collected(making, name, "events" if not isinstance(source, Source) else "rows")
    return _read(making, name, source)


def external_step(making: Making, name: str, source: Source) -> Step:
    """The step that reads a table which exists elsewhere."""
    return _read(making, name, source)


def _read(making: Making, name: str, source: Source) -> Step:
    home = making.home
    subject = home.subject("source", name)
    parts: list[Any] = [SourceParts.of(source, home)]
    why = uncacheable(source, home.settings)
    if callable(source.of):
        parts = [making.code(source.of), making.values("source", null=source.null, types=source.types, watermark=source.watermark)]

    def run(needs: Mapping[str, Output]) -> Output:
        last = home.ledger.last("source.read", subject)
        table = home.stored("sources", name)
        taken = snapshot(source, name=name, settings=home.settings, lake_table=table, state=last.body["state"] if last else None)
        files = [{"path": f.path, "sha256": f.sha256, "bytes": f.bytes, "rows": f.rows} for f in taken.files]
        ref = {"table": f"sources/{name}", "version": taken.version, "rows": taken.rows, "files": files, "state": taken.state}
        return Output(taken.digest, ref)

    def facts(tx: "Tx", output: Output) -> None:
        tx.fact("source.read", subject, {**output.ref, "content": output.content})

    return step(
        f"source/{name}",
        run,
        kind="source",
        parts=tuple(parts),
        subject=subject,
        uncacheable=why,
        facts=facts,
        exists=lambda output: home.stored("sources", name).version is not None,
    )


def _collected(making: Making, name: str, kind: str) -> Step:
    home = making.home
    folder = home.stored_folder(kind, name)

    def run(needs: Mapping[str, Output]) -> Output:
        version = home.stored(kind, name).version
        if version is None and kind == "rows" and not making.thing(name).types:
            hint = f'post some to /sources/{name} of ninefold up, or name the columns: nf.Source(types={{"units": "int"}})'
            raise DataError(f'nothing has been posted to "{name}" yet, and nothing says what its columns are', hint=hint)
        return Output(digest_of([name, version]), {"table": f"{kind}/{name}", "version": version})

    return step(f"source/{name}", run, kind="collected", parts=(LakeHead(kind, folder),), subject=home.subject("source", name))
