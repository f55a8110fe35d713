"""``doctor``, ``backup``, ``restore`` and ``upgrade``: looking after a home."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold import config
from ninefold.cli.place import home_of
from ninefold.cli.report import DONE, FAILED, Say, command
from ninefold.errors import NotFoundError
from ninefold.units import many

_in = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")
_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@command("ninefold doctor --deep")
@click.option("--deep", is_flag=True, help="Read every stored content again, and compare it with its digest.")
@_in
def doctor(say: Say, deep: bool, environment: str | None) -> int:
    """Look for damage in the home: ledger, journal, lake, blobs, bundles, frozen code. Nothing is changed.

    Exit code 1 where something is broken; warnings alone give 0.
    """
    from ninefold.governance.examine import examine

    with home_of(environment) as home:
        found = examine(home, deep=deep)
    errors = sum(f.severity == "error" for f in found)
    ok = f"{home.settings.home} is well" + ("" if deep else " (contents were not read again: --deep)")

    def text() -> None:
        for one in found:
            say.line(f"{one.severity}: {one.where}: {one.what}", fg="red" if one.severity == "error" else "yellow")
            for word, more in (("because", one.why), ("do", one.do)):
                if more:
                    say.line(f"  {word}: {more}")
        say.line(f"{errors} errors, {len(found) - errors} warnings" if found else ok)

    say.result({"ok": not errors, "findings": msgspec.to_builtins(found)}, text)
    return FAILED if errors else DONE


@command("ninefold backup backups/monday")
@_folder
@_in
def backup(say: Say, folder: Path, environment: str | None) -> None:
    """Copy the whole home into the new FOLDER, with the digest of every file; others may go on working meanwhile.

    The ledger's private key is part of it: keep the folder as safe as the home.
    """
    from ninefold.ledger.backup import backup as copy

    with home_of(environment) as home:
        made = copy(home.ledger, folder)
    value = {"folder": str(folder), "files": len(made.files), "bytes": made.size, "facts": made.facts, "root": made.root}
    told = f"{many(len(made.files), 'file')}, {many(made.size, 'byte')}, {many(made.facts, 'fact')} are in {folder}"
    say.result(value, f"{told}\nto bring it back: ninefold restore {folder}")


@command("ninefold restore backups/monday")
@_folder
@_in
def restore(say: Say, folder: Path, environment: str | None) -> None:
    """Make the home what it was when the backup in FOLDER was made: all of it, verified, or nothing.

    The home must be empty or absent: a restore never mixes with what is there.
    """
    from ninefold.ledger.backup import restore as bring_back

    settings = config.load(None, environment)
    own = settings.ledger == f"sqlite:///{settings.home / 'ledger.db'}"
    fact = bring_back(folder, settings.home, url=None if own else settings.ledger, anchors=settings.anchor)
    value: dict[str, Any] = {"home": str(settings.home), "fact": fact.seq, "facts": fact.body["facts"]}
    say.result(value, f"{settings.home} is what it was: {fact.body['facts']} facts, and fact {fact.seq} says that it was restored")


@command("ninefold upgrade")
@_in
def upgrade(say: Say, environment: str | None) -> None:
    """Bring the ledger of an older release up to this one. A copy is made first; each revision is applied whole or not at all."""
    from ninefold.ledger.upgrade import upgrade as migrate

    settings = config.load(None, environment)
    if not settings.home.is_dir():
        raise NotFoundError(f"there is no home at {settings.home}", hint="there is nothing to upgrade")
    copy = migrate(settings.ledger, home=settings.home)
    say.result({"copy": str(copy) if copy else None}, f"upgraded; a copy from before is {copy}" if copy else "the ledger is up to date")
