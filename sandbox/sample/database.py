"""Makes Fleet's database: its role, its migrations but the pending one, its rows."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.cluster import Cluster
from sandbox.sample.seed import seed

ALEMBIC_INI = Path(__file__).with_name("alembic.ini")
ROLE = "fleet_app"
DEPLOYED = "0004"  # the newest revision, 0005, waits for a maintenance window


def alembic(*words: str) -> list[str]:
    """The argv of an Alembic command on Fleet's history."""
    return [sys.executable, "-m", "alembic", "-c", str(ALEMBIC_INI), *words]


def migrate(dsn: str, revision: str) -> None:
    """Bring a database to a revision."""
    subprocess.run(
        alembic("upgrade", revision), env={**os.environ, "DATABASE_URL": dsn}, check=True, capture_output=True
    )


def create_fleet(cluster: Cluster, name: str, now: datetime) -> str:
    """Make and fill the database `name`; returns the application's own URI.

    The database has what a plain dump loses: no CONNECT for the public, a connection limit, a comment and
    a setting of its own.
    """
    dsn = cluster.create_owned_database(name, ROLE)
    for statement in (
        sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 60"),
        sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC"),
        sql.SQL("COMMENT ON DATABASE {} IS 'Configuration baselines of network devices'"),
        sql.SQL("ALTER DATABASE {} SET timezone = 'Europe/Berlin'"),
    ):
        cluster.execute(statement.format(sql.Identifier(name)))
    migrate(dsn, DEPLOYED)
    with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
        seed(connection, now)
    return dsn
