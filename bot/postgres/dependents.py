"""Who else lives on a database: foreign servers of its neighbours, and its own subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from ipaddress import ip_address

import psycopg
from psycopg import Connection

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
    """Foreign servers as `reports: inventory_link`: those that lead here, those whose host's name may be another one of
    this server's; and databases that could not be looked into.
    """

    foreign_servers: tuple[str, ...]
    perhaps: tuple[str, ...]
    unseen: tuple[str, ...]


def dependents(connection: Connection, server: Server, database: str) -> Dependents:
    """Foreign servers in the other databases of this server that lead to `database`, by name, host and port."""
    with readable_errors("listing the databases of the server"):
        names = [row[0] for row in connection.execute(_NEIGHBOURS, (database,)).fetchall()]
        row = connection.execute("SELECT host(inet_server_addr()), current_setting('port')").fetchone()
    assert row is not None  # noqa: S101 - no FROM, one row
    info = connection.info
    ours = (row[0], info.host, info.hostaddr, server.docker.service if server.docker else "")
    place = _Place(database, str(row[1]), _HERE | {str(part) for part in ours if part})
    found: dict[bool, list[str]] = {True: [], False: []}
    unseen = []
    for name in names:
        try:
            for link, here in _links(server, name, place):
                found[here].append(f"{name}: {link}")
        except (DatabaseUnreachable, psycopg.Error):
            unseen.append(name)
    return Dependents(tuple(found[True]), tuple(found[False]), tuple(unseen))


@dataclass(frozen=True)
class _Place:
    database: str
    port: str
    hosts: Set[str]

    def is_meant(self, options: Mapping[str, str]) -> bool | None:
        """Whether a foreign server's options lead here; None where its host is a name that we do not know."""
        if options.get("dbname", self.database) != self.database or options.get("port", _DEFAULT_PORT) != self.port:
            return False
        host = options.get("hostaddr") or options.get("host") or ""
        if host in self.hosts or host.startswith("/"):
            # Without a database's name it is the user's own, which only the user mapping tells.
            return True if "dbname" in options else None
        return False if _is_address(host) else None


def enabled_subscriptions(connection: Connection, database: str) -> list[str]:
    """Names of the database's logical replication subscriptions that run."""
    with readable_errors("reading subscriptions"):
        rows = connection.execute(
            "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid"
            " WHERE s.subenabled AND d.datname = %s ORDER BY 1",
            (database,),
        ).fetchall()
    return [str(row[0]) for row in rows]


def _links(server: Server, neighbour: str, place: _Place) -> Iterator[tuple[str, bool]]:
    """Names of those that are or may be meant, and whether they are."""
    with server.connect(neighbour) as connection:
        rows = connection.execute(_FOREIGN_SERVERS).fetchall()
    for name, options in rows:
        meant = place.is_meant(options)
        if meant is not False:
            yield str(name), meant is True


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
