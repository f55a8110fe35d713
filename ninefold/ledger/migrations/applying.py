"""Applying the text of a revision, statement by statement."""

from pathlib import Path

from alembic import op

from ninefold.ledger.dialect import definition
from ninefold.ledger.sqlite import statements


def apply(text: Path) -> None:
    """Executes the statements of a file; Alembic has made its own table already."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for statement in statements(text.read_text("utf-8")):
        if "create table alembic_version" not in statement:
            for said in definition(statement) if postgres else [statement]:
                op.execute(said)
