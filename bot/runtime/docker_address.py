"""Where the port of a service's container is reached from here."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from urllib.parse import urlsplit

from bot.errors import EngineFailed
from bot.runtime.docker_engine import Container, Engine
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
        return endpoint_of(engine.running(docker.project, docker.service), port, engine.host)


def endpoint_of(container: Container, port: int, engine_host: str) -> Endpoint:
    """In a network that we are in; else where the Engine's host publishes the port; else in any of its networks.

    Raises EngineFailed where it is in none.
    """
    addresses = list(container.networks.values())
    beside = next((address for address in addresses if _is_beside_us(address)), None)
    if beside is not None:
        return Endpoint(beside.partition("/")[0], port)
    where = _name_of(engine_host)
    if container.host_network:
        return Endpoint(where, port)
    if port in container.ports:
        bound, public = container.ports[port]
        return Endpoint(where if bound in _ANYWHERE else bound, public)
    if addresses:
        return Endpoint(addresses[0].partition("/")[0], port)
    raise EngineFailed(
        f"The container {container.name} is in no network in which port {port} could be reached.",
        "Name a host in the target's dsn, or publish the port.",
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
