"""Contents of small files, in the ledger itself; links of traces to runs may come before the traces."""

from pathlib import Path

from ninefold.ledger.migrations.applying import apply

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables; files that were stored before stay where they are, links go to the new table."""
    apply(Path(__file__).with_suffix(".sql"))
