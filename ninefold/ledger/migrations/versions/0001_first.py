"""The first release: its schema as it was, frozen in the text beside this file."""

from pathlib import Path

from ninefold.ledger.migrations.applying import apply

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables of the first release."""
    apply(Path(__file__).with_suffix(".sql"))
