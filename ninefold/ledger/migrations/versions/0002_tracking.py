"""Experiments with numbers, series of points, files by path; registry, traces, webhooks, accounts."""

from pathlib import Path

from ninefold.ledger.migrations.applying import apply

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Carries the runs of the first release over, and makes the tables that are new."""
    apply(Path(__file__).with_suffix(".sql"))
