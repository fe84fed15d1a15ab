"""`baseliner db upgrade`: the bot's tables by Alembic and the queue's by Procrastinate, under one advisory lock."""

from __future__ import annotations

from pathlib import Path

import psycopg

from bot.errors import DatabaseUnreachable, UsageError

_LOCK = 0x62_61_73_65  # "base"
_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def upgrade(dsn: str) -> str:
    """Bring the state database to the newest schema; safe to call from several processes at once.

    Returns the revision that it is at. Raises DatabaseUnreachable; UsageError when it is newer than this code.
    """
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as guard:
            newest, found = newest_revision(), revision_of(guard)
            if found == newest:
                return newest
            if found is not None and found > newest:
                raise UsageError(
                    f"The state database is at revision {found}; this Baseliner knows them up to {newest}.",
                    "Run the version of Baseliner that made it, or a newer one. Downgrades are not offered.",
                )
            guard.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            _install_queue(guard)
            _upgrade_tables(dsn)
            return newest
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            f"The state database cannot be reached: {str(error).strip()}",
            "Check [state] dsn or BASELINER_STATE_DSN, and that PostgreSQL runs there.",
        ) from error


def newest_revision() -> str:
    """Of this code."""
    return max(path.name.split("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(connection: psycopg.Connection) -> str | None:
    """Of the state database; None where nothing is there yet."""
    row = connection.execute("SELECT to_regclass('baseliner_schema') IS NOT NULL").fetchone()
    if row != (True,):
        return None
    found = connection.execute("SELECT version_num FROM baseliner_schema").fetchone()
    return str(found[0]) if found else None


def _upgrade_tables(dsn: str) -> None:
    # Imported here: Alembic and SQLAlchemy cost every command half a second, and are needed once a release.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn, connect_timeout=10), poolclass=pool.NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _install_queue(connection: psycopg.Connection) -> None:
    from procrastinate.schema import SchemaManager

    row = connection.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL").fetchone()
    if row == (True,):
        return
    with connection.transaction():
        connection.execute(SchemaManager.get_schema())
