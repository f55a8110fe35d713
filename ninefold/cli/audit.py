"""``audit verify`` and ``audit export``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ninefold.cli.place import home_of
from ninefold.cli.report import DONE, FAILED, Say, command
from ninefold.governance import audit as auditing

if TYPE_CHECKING:
    from ninefold.ledger.verify import Report

_in = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")


@click.group("audit", epilog="Example: ninefold audit verify")
def audit() -> None:
    """Prove what the ledger says: for yourself, and for an auditor who trusts nobody."""


@command("ninefold audit verify")
@_in
def verify(say: Say, environment: str | None) -> int:
    """Recompute every fact's hash; compare the tree, the signed checkpoints, and the anchors kept outside of the home.

    Exit code 1 where anything was edited, removed or reordered.
    """
    with home_of(environment) as home:
        report = auditing.verify(home.ledger)
    say.result(auditing.as_json(report), lambda: _told(say, report))
    return DONE if report.ok else FAILED


def _told(say: Say, report: "Report") -> None:
    head, *rest = auditing.lines(report)
    say.line(head, fg="green" if report.ok else "red")
    for line in rest:
        say.line(line)


@command("ninefold audit export audit-2026")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_in
def export(say: Say, folder: Path, environment: str | None) -> None:
    """Write all facts, the signed checkpoints and a stand-alone verifier into the new FOLDER.

    The verifier needs nothing but Python: python3 FOLDER/verify.py
    """
    with home_of(environment) as home:
        made = auditing.export(home.ledger, folder)
        files = {path.name: path.stat().st_size for path in sorted(made.iterdir())}
        head = home.ledger.head()
    say.result(
        {"folder": str(made), "facts": head, "files": files},
        f"{head} facts are in {made}\nto check them with nothing but Python: python3 {made / 'verify.py'}",
    )


audit.add_command(verify)
audit.add_command(export)
