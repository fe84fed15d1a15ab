"""Sessions of tools that run elsewhere, where no signal of ours reaches them."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from bot.errors import DatabaseUnreachable
from bot.postgres.connection import Server


def end_sessions(server: Server, application_name: str) -> None:
    """End every session of that application name; none where the server does not answer."""
    with suppress(DatabaseUnreachable, psycopg.Error), server.maintenance() as connection:
        connection.execute(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name = %s",
            (application_name,),
        )
