"""Contents of small files, in the ledger itself."""

from pathlib import Path

from ninefold.ledger.migrations.applying import apply

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables; what was stored before stays where it is."""
    apply(Path(__file__).with_suffix(".sql"))
