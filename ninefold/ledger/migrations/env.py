"""How Alembic reaches the database: the connection is given by ``ninefold.ledger.upgrade``; there is no other way in."""

from alembic import context

if getattr(context, "config", None) is not None:  # imported by anybody but Alembic, it does nothing
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
