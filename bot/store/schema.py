"""`baseliner db upgrade`: the bot's tables by Alembic and the queue's by Procrastinate, under one advisory lock."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import Connection as AlchemyConnection

from bot.errors import DatabaseUnreachable

_LOCK = 0x62_61_73_65  # "base"
_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def upgrade(dsn: str) -> str:
    """Bring the state database to the newest schema; safe to call from several processes at once.

    Returns the revision that it is at. Raises DatabaseUnreachable.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn, connect_timeout=10), poolclass=pool.NullPool
    )
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            with engine.connect() as connection:
                revision = _upgrade_tables(connection)
            _install_queue(guard)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"The state database cannot be reached: {str(error).strip()}",
            "Check [state] dsn or BASELINER_STATE_DSN, and that PostgreSQL runs there.",
        ) from error
    return revision


def _upgrade_tables(connection: AlchemyConnection) -> str:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
    found = connection.exec_driver_sql("SELECT version_num FROM baseliner_schema").scalar_one()
    return str(found)


def _install_queue(connection: psycopg.Connection) -> None:
    row = connection.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL").fetchone()
    if row == (True,):
        return
    with connection.transaction():
        connection.execute(SchemaManager.get_schema())
