"""A Docker Engine, and the containers that Compose made in it, found by their labels.

Only what is typed here is used of the SDK; each call of the API that a feature needs is listed in docs/security.md.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import ContainerGone, EngineUnreachable
from bot.runtime.ssh_tunnel import Tunnel, ssh_tunnel
from bot.settings_docker import DockerSettings

if TYPE_CHECKING:
    from bot.runtime.docker_client import Client

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
NUMBER, ONE_OFF = "com.docker.compose.container-number", "com.docker.compose.oneoff"
DEPENDS_ON = "com.docker.compose.depends_on"


@dataclass(frozen=True)
class Container:
    """One container as a list of them shows it."""

    id: str
    name: str
    service: str
    number: int
    """of the replica, from 1"""
    image: str
    """the reference that it was made from, such as `inventory-api:1.4`"""
    image_id: str
    """`sha256:…`"""
    state: str
    """created, running, paused, restarting, removing, exited or dead"""
    labels: Mapping[str, str]
    networks: Mapping[str, str]
    """name of the network to its address there, with the length of the prefix: `172.18.0.3/16`"""
    host_network: bool
    ports: Mapping[int, tuple[str, int]]
    """TCP ports of the container to where the Engine's host publishes them, to others rather than to itself alone"""

    @property
    def running(self) -> bool:
        """Working: not paused, nor between two starts."""
        return self.state == "running"

    @property
    def active(self) -> bool:
        """Working, or about to be started again by Docker."""
        return self.state in ("running", "restarting")


class Engine:
    """A connection, opened with the first call. Threads may share it."""

    def __init__(self, settings: DockerSettings) -> None:
        self.settings = settings
        self._client: Client | None = None
        self._socket = Path(self.host.removeprefix("unix://")) if self.host.startswith("unix://") else None
        self._tunnel: Tunnel | None = None
        self._stack = ExitStack()

    @property
    def host(self) -> str:
        return self.settings.host

    @contextmanager
    def asking(self) -> Generator[Client]:
        """The SDK's client. What it raises inside of the block comes out as EngineUnreachable, EngineDenied (which
        says the call that must be allowed), ContainerGone, or EngineFailed.
        """
        # Imported here: the SDK takes long, and most commands need no Docker.
        import urllib3
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        from bot.runtime.docker_errors import told

        try:
            yield self._connected()
        except (DockerException, RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = told(error, self.host)
            if isinstance(failure, EngineUnreachable):
                # Whoever asks again comes by a new connection, and by a new tunnel where the old one broke.
                tunnel = self._tunnel
                self.close()
                failure = tunnel.explain(failure) if tunnel else failure
            raise failure from error

    def containers(self, project: str, service: str | None = None) -> list[Container]:
        """Those of Compose's project, or of one service of it, running or not, by service and number.

        One-off containers (`docker compose run`) are nobody's replicas and are left out.
        """
        labels = [f"{PROJECT}={project}", *([f"{SERVICE}={service}"] if service else [])]
        with self.asking() as client:
            listed = client.containers(all=True, filters={"label": labels})
        found = [_container(item) for item in listed if item["Labels"].get(ONE_OFF, "").lower() != "true"]
        return sorted(found, key=lambda item: (item.service, item.number))

    def running(self, project: str, service: str) -> Container:
        """The service's running container, the first of its replicas. Raises ContainerGone, saying how they are."""
        found = self.containers(project, service)
        for container in found:
            if container.running:
                return container
        states = ", ".join(f"{item.name} is {item.state}" for item in found) or "it has no container"
        raise ContainerGone(
            f"No container of the service {service} of Compose's project {project} is running: {states}.",
            f"Start it (docker compose -p {project} up -d {service}), or correct its name in the settings.",
        )

    def inspect(self, container_id: str) -> Mapping[str, Any]:
        """All that the Engine tells of a container. Raises ContainerGone."""
        with self.asking() as client:
            told: Mapping[str, Any] = client.inspect_container(container_id)
            return told

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        self._tunnel = None
        self._stack.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _connected(self) -> Client:
        from bot.runtime.docker_client import connect

        if self._client is None:
            if self.host.startswith("ssh://"):
                self._tunnel = self._stack.enter_context(ssh_tunnel(self.host))
                self._socket = self._tunnel.path
            address = f"unix://{self._socket}" if self._socket else self.host
            self._probe()
            self._client = connect(address, self.settings)
        else:
            self._probe()
        return self._client

    def _probe(self) -> None:
        """The SDK leaves a socket open that it could not connect."""
        if self._socket is not None:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._socket))


def is_loopback(bound: str) -> bool:
    """Whether a port that is published there is reached from the Engine's host alone; "" is every address."""
    return bool(bound) and ip_address(bound).is_loopback


def _container(item: Mapping[str, Any]) -> Container:
    labels: Mapping[str, str] = item["Labels"]
    networks = (item.get("NetworkSettings") or {}).get("Networks") or {}
    published = [port for port in item.get("Ports") or [] if port.get("PublicPort") and port.get("Type") == "tcp"]
    # The last one stays: the first of those that others reach too.
    published = sorted(reversed(published), key=lambda port: not is_loopback(port.get("IP") or ""))
    return Container(
        id=item["Id"],
        name=item["Names"][0].lstrip("/") if item.get("Names") else item["Id"][:12],
        service=labels.get(SERVICE, ""),
        number=int(labels.get(NUMBER) or 1),
        image=item["Image"],
        image_id=item["ImageID"],
        state=item["State"],
        labels=labels,
        networks={
            name: f"{network['IPAddress']}/{network.get('IPPrefixLen', 32)}"
            for name, network in networks.items()
            if network.get("IPAddress")
        },
        host_network="host" in networks,
        ports={port["PrivatePort"]: (port.get("IP") or "0.0.0.0", port["PublicPort"]) for port in published},  # noqa: S104
    )
