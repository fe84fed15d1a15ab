"""Whether a target's backups would outlive its host, and whether they are copied as they should be."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from bot.errors import BaselinerError
from bot.models import Check, CheckState, OperationKind
from bot.operations.context import Context
from bot.operations.copies import judge_copies
from bot.postgres.connection import server_of
from bot.settings_storage import DirectorySettings, S3Settings
from bot.store import operations

OFF_HOST = ("off_host", "Backups lie off the database's host")
COPIES = "backup_copies"


def check_off_host(context: Context, target: str) -> Check:
    """By the addresses of today. Raises BaselinerError where a name has none."""
    settings = context.target(target)
    storages = {name: context.settings.storage[name] for name in settings.storage}
    options = conninfo_to_dict(server_of(settings, context.environment).dsn)
    hosts = str(options.get("hostaddr") or options.get("host") or "").split(",")
    return judge_off_host(storages, hosts, Network(_addresses, _is_here))


def check_copies(context: Context, target: str) -> Check:
    """By the last backup that is done."""
    with context.database.transaction() as connection:
        return judge_copies(operations.last_done(connection, target, OperationKind.BACKUP))


@dataclass(frozen=True)
class Network:
    """The addresses of a host name, and whether one of them is this host's own."""

    addresses: Callable[[str], set[str]]
    is_here: Callable[[str], bool]


def judge_off_host(
    storages: Mapping[str, S3Settings | DirectorySettings], database_hosts: Sequence[str], network: Network
) -> Check:
    """`database_hosts` as in the DSN: names, addresses, folders of sockets, or empty."""
    named = {host for host in database_hosts if host and not host.startswith(("/", "@"))}
    addresses = {address for host in named for address in network.addresses(host)}
    is_here = len(named) < len(set(database_hosts)) or any(map(network.is_here, addresses))

    def beside(storage: S3Settings | DirectorySettings) -> bool:
        if isinstance(storage, DirectorySettings):
            return is_here
        if storage.endpoint is None:
            return False
        found = network.addresses(urlsplit(storage.endpoint).hostname or "")
        return bool(found & addresses) or (is_here and any(map(network.is_here, found)))

    lost = [name for name, storage in storages.items() if beside(storage)]
    kept = [name for name in storages if name not in lost]
    name, title = OFF_HOST
    if not kept:
        said = f"the backups lie on the database's own host ({', '.join(lost)}): what takes one takes both"
        return Check(name, title, CheckState.WARNING, said, "Add a storage elsewhere to [targets.…] storage.")
    said = f"in {', '.join(kept)}"
    return Check(
        name, title, CheckState.PASSED, f"{said}; {', '.join(lost)}: on the database's own host" if lost else said
    )


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise BaselinerError(f"{host} has no address: {error}", "Correct the name, or this host's DNS.") from error


def _is_here(address: str) -> bool:
    """Only an address of an own interface can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
