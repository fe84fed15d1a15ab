"""What PostgreSQL's tools see in a database's container, and in others of its image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import pq

_PASSED_ON = ("PGDATABASE", "PGPASSWORD", "PGOPTIONS", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "LC_ALL", "LANGUAGE")
_LOOPBACK = "127.0.0.1"
_PORT = "5432"
MARK = "BASELINER_OPERATION"
"""The environment's variable by which a tool in somebody else's container is found again."""


@dataclass(frozen=True)
class Place:
    """The database's container, as tools in it, or in others of its image, find their way."""

    container: str
    """its id"""
    name: str
    image_id: str
    path: str
    """where programs are looked for"""
    addresses: frozenset[str]
    ports: Mapping[int, int]
    """where the Engine's host publishes TCP ports, to the container's own"""
    database: str
    """Compose's project and service: what stays the same when the container is replaced"""
    owner: str
    """the operation or backup that they work for"""
    network: str | None = None
    """Docker's network mode of the tools' own containers; None: the network namespace of the database's container"""
    server: Mapping[str, str] | None = None
    """libpq's variables of the server that they work with; None: the one in the database's container"""

    @property
    def network_mode(self) -> str:
        # There, the database is reached whatever its networks are.
        return self.network or f"container:{self.container}"

    @property
    def application_name(self) -> str:
        """Of its sessions, and of no other's."""
        return f"baseliner {self.owner}"

    def environment(self, ours: Mapping[str, str]) -> dict[str, str]:
        """For a tool that would run here with `ours`. None of our files is named in it: they are not there."""
        inside = {name: ours[name] for name in _PASSED_ON if name in ours}
        beside = {"PGHOST": _LOOPBACK, "PGPORT": self._port(ours), "PGSSLMODE": "prefer"}
        inside = {**(beside if self.server is None else self.server), **inside}
        inside["PGUSER"] = ours.get("PGUSER") or _our_user()
        return inside | {"PGAPPNAME": self.application_name, "PATH": self.path, MARK: self.owner}

    def _port(self, ours: Mapping[str, str]) -> str:
        host, port = (ours.get(name, "").partition(",")[0] for name in ("PGHOST", "PGPORT"))
        if (ours.get("PGHOSTADDR") or host) in self.addresses or not port:
            return port or _PORT
        return str(self.ports.get(int(port), port))


def passfile_of(environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The environment without its password, and the password as a line of a pgpass file; empty when there is none."""
    without = {name: value for name, value in environment.items() if name != "PGPASSWORD"}
    password = environment.get("PGPASSWORD")
    if password is None:
        return without, ""
    return without, "*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n"


def _our_user() -> str:
    """Whom libpq takes where nobody is named."""
    defaults = {option.keyword: option.val for option in pq.Conninfo.get_defaults()}
    return (defaults.get(b"user") or b"postgres").decode()
