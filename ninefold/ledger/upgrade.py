"""Bringing a ledger's schema up to this ninefold's. A copy is made first, and each revision is applied whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from ninefold import clock
from ninefold.errors import ConflictError, NotFoundError
from ninefold.ledger.driver import REVISION, Driver, driver_of
from ninefold.ledger.roles import Role
from ninefold.storage import durable

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str, *, home: Path | None = None) -> Path | None:
    """Applies the missing revisions to the ledger at ``url``; returns where the copy from before lies, None if nothing was missing.

    HeldError while a server runs on the home, ConflictError where a newer ninefold wrote the ledger, NotFoundError where there is none.
    """
    driver, home = driver_of(url, home)
    with Role(home, "server").hold("ninefold upgrade"):
        before = driver.revision()
        if before is None:
            raise NotFoundError("there is no ledger to upgrade", where=url, hint="it is made when it is first used")
        if before == REVISION:
            return None
        if before > REVISION:
            hint = "use the ninefold that wrote it, or a newer one"
            raise ConflictError(f"the ledger has schema {before}, this ninefold knows {REVISION}", where=url, hint=hint)
        copy = home / "backups" / f"ledger-{before}-{clock.moment_of(clock.now()):%Y%m%dT%H%M%SZ}.db"
        durable.make_folder(copy.parent)
        driver.copy(copy)
        migrate(driver)
    return copy


def config() -> "Config":
    """Alembic's settings, without a file."""
    from alembic.config import Config  # 0.8 s of CPU, only for an upgrade

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    return settings


def migrate(driver: Driver, to: str = REVISION) -> None:
    """Applies all revisions up to ``to``, each in one transaction; a database that is not there yet begins empty."""
    from alembic import command
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    with driver.upgrading() as (dialect, connect):
        engine = create_engine(f"{dialect}://", creator=connect, poolclass=NullPool)
        if dialect == "sqlite":
            # the driver leaves transactions to us, and SQLAlchemy would leave them to the driver: begin them here, DDL included
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin immediate"))
        try:
            with engine.connect() as connection:
                settings = config()
                settings.attributes["connection"] = connection
                command.upgrade(settings, to)
        except DBAPIError as error:  # a full disk, a damaged file: told as everywhere
            raise (error.orig or error) from None
        finally:
            engine.dispose()
