"""A database in a container is found by its labels at every connection."""

from __future__ import annotations

import pytest

from bot.errors import DatabaseUnreachable, EngineFailed
from bot.postgres.connection import Server, server_of
from bot.runtime.docker_address import Endpoint, endpoint_of
from bot.runtime.docker_engine import Container, Engine
from bot.settings import DockerSettings, TargetSettings
from tests.docker_deployment import PASSWORD, Deployment
from tests.docker_engine import IMAGE


def target(project: Deployment, host: str | None = None) -> TargetSettings:
    settings = TargetSettings.model_validate(
        {"dsn": f"postgresql://postgres:{PASSWORD}@/inventory", "storage": "any", "docker": project.settings}
    )
    assert settings.docker is not None
    settings.docker.attach(DockerSettings(host=host or project.engine.host))
    return settings


@pytest.mark.docker
def test_a_database_whose_container_was_replaced_is_found_again(project: Deployment) -> None:
    project.add_db()
    server = server_of(target(project), {})
    first = project.address("db")
    assert (reached(server), server.tool_environment()["PGHOST"]) == (first, first)
    project.remove("db")
    with pytest.raises(DatabaseUnreachable, match=r"No container of the service db .* is running: it has no"):
        server.connect()
    project.add("squatter", ["/usr/bin/sleep", "infinity"], stop_signal="SIGKILL")
    project.add_db()
    assert reached(server) == project.address("db") != first


def reached(server: Server) -> str:
    with server.connect() as connection:
        row = connection.execute("SELECT host(inet_server_addr())").fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.docker
def test_a_dsn_with_a_host_asks_no_engine(project: Deployment) -> None:
    asked = target(project, "unix:///nowhere/docker.sock")
    with pytest.raises(DatabaseUnreachable, match="The address of inventory is not known: The Docker Engine at"):
        server_of(asked, {}).connect()
    assert server_of(asked, {"PGHOST": "db.internal"}).tool_environment()["PGHOST"] == "db.internal"


def container(networks: dict[str, str], ports: dict[int, tuple[str, int]], *, host_network: bool = False) -> Container:
    return Container("1", "db-1", "db", 1, "postgres:16", "sha256:1", "running", {}, networks, host_network, ports)


FAR = {"far": "203.0.113.7/24"}
NEAR = {"near": "127.0.0.9/8"}
OPEN = {5432: ("", 6000)}
"""Published on every address."""


@pytest.mark.parametrize(
    ("found", "engine", "expected"),
    [
        (container(FAR, {}), "unix:///s", ("203.0.113.7", 5432)),
        (container({**FAR, **NEAR}, OPEN), "unix:///s", ("127.0.0.9", 5432)),
        (container(FAR, OPEN), "unix:///s", ("127.0.0.1", 6000)),
        (container(FAR, OPEN), "ssh://ops@db.internal:22", ("db.internal", 6000)),
        (container(FAR, {5432: ("10.0.0.5", 6000)}), "tcp://db.internal:2376", ("10.0.0.5", 6000)),
        (container({}, {}, host_network=True), "tcp://db.internal:2376", ("db.internal", 5432)),
        (container(NEAR, OPEN), "ssh://ops@db.internal", ("db.internal", 6000)),
    ],
    ids=[
        "any network",
        "our network",
        "published",
        "published elsewhere",
        "published on one address",
        "host network",
        "a network like ours elsewhere",
    ],
)
def test_where_the_port_is_reached_from_here(found: Container, engine: str, expected: tuple[str, int]) -> None:
    assert endpoint_of(found, 5432, engine, here=engine.startswith("unix:")) == Endpoint(*expected)


@pytest.mark.parametrize("ports", [{}, {5432: ("127.0.0.1", 5432)}, {5432: ("::1", 5432)}])
@pytest.mark.parametrize("engine", ["ssh://ops@db.internal", "tcp://db.internal:2376"])
def test_what_another_host_keeps_to_itself_is_not_looked_for_here(
    ports: dict[int, tuple[str, int]], engine: str
) -> None:
    with pytest.raises(
        EngineFailed, match=r"on another host \(db\.internal\), which publishes port 5432 to nobody"
    ) as told:
        endpoint_of(container(NEAR, ports), 5432, engine, here=False)
    assert told.value.remedy.startswith("Name a host in the target's dsn, or publish the port")


@pytest.mark.docker
def test_of_several_places_one_that_others_reach_is_told(project: Deployment) -> None:
    client, labels = project.client, {"com.docker.compose.project": project.project, "com.docker.compose.service": "db"}
    published = {5432: [("127.0.0.1",), ("127.0.0.2",), ("0.0.0.0",)]}  # noqa: S104 - as Compose passes it
    options = {"binds": ["/usr:/usr:ro"], "network_mode": project.network, "port_bindings": published}
    host_config = client.create_host_config(**options)
    argv = ["/usr/bin/sleep", "infinity"]
    made = client.create_container(IMAGE, argv, ports=[5432], labels=labels, host_config=host_config)
    client.start(made["Id"])
    with Engine(project.engine.settings) as engine:
        found = engine.running(project.project, "db")
        assert endpoint_of(found, 5432, "ssh://ops@db.internal", here=False).host == "db.internal"
