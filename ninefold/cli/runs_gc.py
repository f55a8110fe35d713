"""``runs gc``: what was deleted long enough ago is removed for good."""

from pathlib import Path

import click
import msgspec

from ninefold.cli.noun import home_of, in_project
from ninefold.cli.report import Say, command
from ninefold.units import duration, many


@command("ninefold runs gc --older-than 30d")
@click.option("--older-than", "age", default="30d", show_default=True, metavar="AGE", help="Only what was deleted longer ago, such as 12h or 30d.")
@in_project
def gc(say: Say, age: str, project: Path | None, environment: str | None) -> None:
    """Remove for good what was deleted: runs, saved models and experiments, and files that nobody else needs."""
    from ninefold.runs.removal import remove_for_good

    with home_of(project, environment) as home:
        removed = remove_for_good(home.ledger, home.blobs, home.project, older=duration(age))
    counted = [many(removed.runs, "run"), many(removed.models, "saved model"), many(removed.experiments, "experiment"), many(removed.files, "file")]
    freed = f"{removed.bytes / 1e6:.1f} MB freed"
    kept = f"; {many(removed.kept, 'file')} of registered versions stay" if removed.kept else ""
    say.result(msgspec.to_builtins(removed), f"removed {', '.join(counted)}; {freed}{kept}")
