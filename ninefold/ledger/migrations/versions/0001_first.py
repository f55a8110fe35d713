"""The first release: its schema as it is. From the second revision on, this text is frozen beside this file."""

from alembic import op

from ninefold.ledger.sqlite import schema, statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables of the first release."""
    for statement in statements(schema()):
        if "create table alembic_version" not in statement:  # Alembic has made its own
            op.execute(statement)
