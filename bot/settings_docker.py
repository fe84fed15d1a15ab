"""Settings of Docker: how the Engine is reached, and where a target stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from bot.errors import Gap
from bot.settings_storage import Section

_COMMANDS = ("stop", "start", "status")
_HOST = re.compile(
    r"unix:///\S+|tcp://[^\s/:]+:\d+"
    # No password: ssh asks for none, and everybody would read it.
    r"|ssh://([^\s/:@]+@)?([^\s/:@\[\]]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?(/\S+)?"
)


def _engine_host(value: str) -> str:
    if not _HOST.fullmatch(value) or not _has_a_port(value):
        raise ValueError(
            f"{value!r} is not an address of a Docker Engine; write it like unix:///var/run/docker.sock, "
            "tcp://10.0.0.5:2376 or ssh://deploy@10.0.0.5"
        )
    return value


def _has_a_port(value: str) -> bool:
    """None is one too, 70000 is not."""
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False


EngineHost = Annotated[str, AfterValidator(_engine_host)]
ComposeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class DockerSettings(Section):
    """How the Docker Engine is reached. Without TLS, `tcp://` is for a socket proxy on a network of its own."""

    host: EngineHost = "unix:///var/run/docker.sock"
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _fitting(self) -> DockerSettings:
        if self.uses_tls and not self.host.startswith("tcp://"):
            raise ValueError("tls_ca, tls_cert and tls_key are of use only with a host like tcp://10.0.0.5:2376")
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key are of use only together")
        return self

    @property
    def uses_tls(self) -> bool:
        return any((self.tls_ca, self.tls_cert, self.tls_key))


class TargetDocker(Section):
    """Where Compose's containers of a target are, by their labels."""

    project: ComposeName
    """`com.docker.compose.project`"""
    service: ComposeName
    """the database's, `com.docker.compose.service`"""
    tools: Literal["exec", "container", "network"] | None = None
    """where PostgreSQL's tools run: in the database's container, another one of its image, or here; None: the best"""
    _engine: DockerSettings | None = PrivateAttr(default=None)

    @property
    def engine(self) -> DockerSettings:
        """How the Engine is reached that it stands in: [docker] of the same file."""
        return self._engine or DockerSettings()

    def attach(self, engine: DockerSettings) -> None:
        """Only for `Settings`, when all of them are read."""
        self._engine = engine


def docker_gaps(document: Mapping[str, Any]) -> list[Gap]:
    """What the sections miss of each other; looked for in the raw file, so that no other gap hides it."""
    targets = document.get("targets")
    if not isinstance(targets, dict):
        return []
    return [
        gap
        for name, target in targets.items()
        if isinstance(target, dict)
        for gap in _gaps_of_target(f"targets.{name}", target, engine="docker" in document)
    ]


def _gaps_of_target(key: str, target: Mapping[str, Any], *, engine: bool) -> Iterator[Gap]:
    in_docker = "docker" in target
    if in_docker and not engine:
        yield Gap(f"{key}.docker", "needs to know how the Engine is reached", '[docker] with host = "unix:///…"')
    example = f'[{key}.docker] with project = "inventory" and service = "db"'
    migrations = target.get("migrations")
    if isinstance(migrations, dict) and "service" in migrations and not in_docker:
        yield Gap(f"{key}.migrations.service", "names a service of Compose, but the target is in no project", example)
    application = target.get("application")
    services = application.get("services", []) if isinstance(application, dict) else []
    for at, service in enumerate(services if isinstance(services, list) else []):
        if isinstance(service, dict):
            yield from _gaps_of_service(f"{key}.application.services.{at}", service, None if in_docker else example)


def _gaps_of_service(key: str, service: Mapping[str, Any], lacks_docker: str | None) -> Iterator[Gap]:
    given = [word for word in _COMMANDS if word in service]
    if not given and lacks_docker:
        yield Gap(key, "has no commands and stands in no project of Compose", lacks_docker)
    for word in _COMMANDS if given else ():
        if word not in service:
            yield Gap(f"{key}.{word}", "is missing", f'{word} = ["systemctl", "{word}", "api"]')
    if given and service.get("pause"):
        yield Gap(f"{key}.pause", "is of use only without stop, start and status", "let its stop command pause it")
