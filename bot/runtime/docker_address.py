"""Where the port of a service's container is reached from here."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from urllib.parse import urlsplit

from bot.errors import EngineFailed
from bot.runtime.docker_engine import Container, Engine, is_loopback
from bot.runtime.tool_mounts import on_this_host
from bot.settings_docker import TargetDocker

_ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - as Docker writes it
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Endpoint:
    host: str
    port: int


def find_endpoint(docker: TargetDocker, port: int) -> Endpoint:
    """Of the database's service as it runs now: its container may have been replaced. Raises EngineFailed."""
    with Engine(docker.engine) as engine:
        container = engine.running(docker.project, docker.service)
        return endpoint_of(container, port, engine.host, here=on_this_host(engine))


def endpoint_of(container: Container, port: int, engine_host: str, *, here: bool) -> Endpoint:
    """In a network that we are in; else where the Engine's host publishes the port; else in any of its networks.

    Unless the Engine is `here`, on this host, only what it publishes to others: another host's loopback and
    containers' addresses lead to something else here, perhaps to another database. Raises EngineFailed for none.
    """
    addresses = list(container.networks.values()) if here else []
    beside = next((address for address in addresses if _is_beside_us(address)), None)
    if beside is not None:
        return Endpoint(beside.partition("/")[0], port)
    where = _name_of(engine_host)
    if container.host_network:
        return Endpoint(where, port)
    if port in container.ports:
        bound, public = container.ports[port]
        if here or not is_loopback(bound):
            return Endpoint(where if bound in _ANYWHERE else bound, public)
    if addresses:
        return Endpoint(addresses[0].partition("/")[0], port)
    if here:
        why = f"is in no network in which port {port} could be reached"
    else:
        why = f"runs on another host ({where}), which publishes port {port} to nobody outside of it"
    raise EngineFailed(
        f"The container {container.name} {why}.",
        "Name a host in the target's dsn, or publish the port on an address that is reached from here.",
    )


def _name_of(engine_host: str) -> str:
    return urlsplit(engine_host).hostname or _LOOPBACK


def _is_beside_us(address: str) -> bool:
    """Whether packets go there from an address of the same network."""
    there = ip_interface(address)
    family = socket.AF_INET6 if there.version == 6 else socket.AF_INET
    # Connecting a datagram socket sends nothing, and tells by which of our addresses it would go.
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(there.ip), 9))
        return ip_address(probe.getsockname()[0]) in there.network
    return False
