"""Who else lives on a database: foreign servers of its neighbours, and its own subscriptions."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from bot.errors import DatabaseUnreachable
from bot.postgres.connection import Server
from bot.postgres.errors import readable_errors

_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_DEFAULT_PORT = "5432"
_NEIGHBOURS = """
    SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate AND datname <> %s ORDER BY 1
"""
_FOREIGN_SERVERS = """
    SELECT srvname, coalesce((SELECT jsonb_object_agg(option_name, option_value)
                              FROM pg_catalog.pg_options_to_table(srvoptions)), '{}')
    FROM pg_catalog.pg_foreign_server ORDER BY 1
"""


@dataclass(frozen=True)
class Dependents:
    """`foreign_servers` as `reports: inventory_link`; `unseen` are databases that could not be looked into."""

    foreign_servers: tuple[str, ...]
    unseen: tuple[str, ...]


def dependents(connection: Connection, server: Server, database: str) -> Dependents:
    """Foreign servers in the other databases of this server that lead to `database`, by name, host and port."""
    with readable_errors("listing the databases of the server"):
        names = [row[0] for row in connection.execute(_NEIGHBOURS, (database,)).fetchall()]
        row = connection.execute("SELECT host(inet_server_addr()), current_setting('port')").fetchone()
    assert row is not None  # noqa: S101 - no FROM, one row
    here = _HERE | {str(part) for part in (row[0], conninfo_to_dict(server.dsn).get("host")) if part}
    found, unseen = [], []
    for name in names:
        try:
            found += [f"{name}: {link}" for link in _links(server, name, database, here, row[1])]
        except (DatabaseUnreachable, psycopg.Error):
            unseen.append(name)
    return Dependents(tuple(found), tuple(unseen))


def enabled_subscriptions(connection: Connection, database: str) -> list[str]:
    """Names of the database's logical replication subscriptions that run."""
    with readable_errors("reading subscriptions"):
        rows = connection.execute(
            "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid"
            " WHERE s.subenabled AND d.datname = %s ORDER BY 1",
            (database,),
        ).fetchall()
    return [str(row[0]) for row in rows]


def _links(server: Server, neighbour: str, database: str, here: frozenset[str] | set[str], port: str) -> list[str]:
    with server.connect(neighbour) as connection:
        rows = connection.execute(_FOREIGN_SERVERS).fetchall()
    return [
        str(name)
        for name, options in rows
        if options.get("dbname") == database
        and _is_here(options.get("host", ""), here)
        and options.get("port", _DEFAULT_PORT) == port
    ]


def _is_here(host: str, here: frozenset[str] | set[str]) -> bool:
    return host in here or host.startswith("/")
