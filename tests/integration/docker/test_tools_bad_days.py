"""What can go wrong with tools in containers: each is named, with what to do, and nothing is left."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from docker import APIClient

from bot.errors import Interrupted, ToolFailed, ToolMissing
from bot.models import Failure, Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.leftovers import Leftovers
from bot.operations.tooling import choose_tools, open_tools, remove_remains
from bot.postgres.connection import server_of
from bot.postgres.load import load
from bot.runtime import tool_exec
from bot.runtime.docker_engine import Engine
from bot.runtime.process import run
from bot.runtime.stop import StopSignal
from bot.runtime.tool_container import Bound, ContainerRunner
from bot.runtime.tool_mounts import NotShared, shared_folder
from bot.runtime.tool_place import Place
from bot.runtime.tool_streams import Streams
from bot.settings import DockerSettings, Staging, TargetSettings
from tests.docker_deployment import BIN, Deployment
from tests.docker_engine import IMAGE
from tests.docker_proxy import allowed_socket
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import (
    fill,
    house_at,
    remains,
    table_locked,
    tools_inside,
    waits,
    with_tools,
)
from tests.support import eventually

if TYPE_CHECKING:
    from tests.conftest import Clusters

pytestmark = pytest.mark.docker

in_containers = pytest.mark.parametrize("mode", ["exec", "container"])
DEBIAN_15 = "/usr/lib/postgresql/15/bin"


@pytest.fixture
def doomed(project: Deployment, clusters: Clusters, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    """Its container is the test's own, to be harmed."""
    project.add_db()
    fill(project)
    with house_at(project, clusters.get(16), upgraded_state_dsn, tmp_path) as rig:
        yield rig


def failed(rig: Rig, operation: Operation | None = None) -> Failure:
    ended = rig.run(operation or rig.services.backups.request(TARGET, OPERATOR))
    assert ended.failure is not None
    return ended.failure


def settings_of(rig: Rig) -> TargetSettings:
    return rig.house.context.target(TARGET)


@pytest.mark.parametrize(("mode", "call"), [("exec", "/containers/{id}/exec"), ("container", "/containers/create")])
def test_what_the_proxy_does_not_allow_is_named(docked: Rig, at_home: Deployment, mode: str, call: str) -> None:
    with allowed_socket(at_home.engine.socket, without=[("POST", call)]) as socket:
        setup = with_tools(docked, tools=mode)
        setup = replace(setup, document={**setup.document, "docker": {"host": f"unix://{socket}"}})
        with docked.rebuilt(setup) as rig:
            failure = failed(rig)
    assert f"denied POST {call} (403" in failure.message
    assert f"Allow POST {call} in the socket proxy" in failure.remedy
    assert remains(at_home) == []


@in_containers
def test_a_container_that_is_removed_in_the_middle_fails_the_backup(
    doomed: Rig, project: Deployment, mode: str
) -> None:
    outcome: list[Failure] = []
    with doomed.rebuilt(with_tools(doomed, tools=mode)) as rig:
        thread = threading.Thread(target=lambda: outcome.append(failed(rig)))
        with suppress(psycopg.OperationalError), table_locked(rig):
            thread.start()
            eventually(lambda: waits(project))
            project.remove("db")
        thread.join(60)
        # Between its end and its removal the Engine still knows it, and lets nothing look into it: a sweep's, then.
        later = "left with Docker is removed once that can be reached" in outcome[0].left_as_it_was
        assert len(Leftovers(rig.house.context, BackupEngine(rig.house.context)).settle_due(TARGET)) == int(later)
    [failure] = outcome
    assert failure.message.startswith("pg_dump ")
    assert "container" in failure.message or "server closed the connection" in failure.message
    assert "ry again" in failure.remedy
    assert doomed.objects() == []
    assert later or "was cleaned" in failure.left_as_it_was


def test_of_containers_with_the_same_id_ours_go_though_another_is_at_it_and_another_baseliners_stays(
    docked: Rig, at_home: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, made = at_home.client, []
    for database in (f"{at_home.project}/db", f"{at_home.project}/db", f"another-{at_home.project}/db"):
        labels = {"baseliner.operation": "x5", "baseliner.database": database}
        made.append(client.create_container(IMAGE, ["true"], labels=labels)["Id"])
    *ours, theirs = made
    remove = APIClient.remove_container
    db = at_home.ids("db")[0]
    at_home.execute(db, ["mkdir", "/tmp/baseliner-x5"])

    def after_another(asking: APIClient, container: str, **how: Any) -> None:
        remove(asking, container, **how)
        remove(asking, container, **how)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(APIClient, "remove_container", after_another)
            assert remove_remains(docked.house.context, TARGET, "x5") == ""
        listed = [item["Id"] for item in client.containers(all=True, filters={"label": "baseliner.operation=x5"})]
        assert theirs in listed
        assert not set(ours) & set(listed)
        at_home.execute(db, ["sh", "-c", "test ! -e /tmp/baseliner-x5"])
    finally:
        client.remove_container(theirs)


@in_containers
def test_what_is_left_with_an_engine_that_went_away_is_swept_when_it_is_back(
    docked: Rig, at_home: Deployment, mode: str
) -> None:
    setup, outcome = with_tools(docked, tools=mode), list[Failure]()
    with table_locked(docked), allowed_socket(at_home.engine.socket) as socket:
        away = replace(setup, document={**setup.document, "docker": {"host": f"unix://{socket}"}})
        with docked.rebuilt(away) as rig:
            operation = rig.services.backups.request(TARGET, OPERATOR)
            thread = threading.Thread(target=lambda: outcome.append(failed(rig, operation)))
            thread.start()
            eventually(lambda: waits(at_home))
            socket.unlink()
            rig.services.cancelling.cancel(operation.id, OPERATOR)
            thread.join(60)
        # Its sessions were ended, and with them the tool.
        eventually(lambda: not tools_inside(at_home))
    [failure] = outcome
    assert "left with Docker is removed once that can be reached" in failure.left_as_it_was
    with docked.rebuilt(setup, seed=3) as rig:
        context = rig.house.context
        assert len(Leftovers(context, BackupEngine(context)).settle_due(TARGET)) == 1
        assert remains(at_home) == []


@pytest.mark.parametrize(("limit", "said"), [("size=256k", "bytes are free"), ("nr_inodes=3", "it is full")])
def test_a_disk_inside_that_is_full_is_named_before_anything_is_replaced(
    doomed: Rig, project: Deployment, monkeypatch: pytest.MonkeyPatch, limit: str, said: str
) -> None:
    # Elsewhere than in /tmp, where the very programs may lie that are mounted into the container.
    monkeypatch.setattr(tool_exec, "SCRATCH", "/var/scratch")
    with psycopg.connect(doomed.target.dsn) as connection:
        connection.execute("CREATE TABLE large AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i")
    doomed.backup()
    before = doomed.digest()
    inside = ["nsenter", f"--target={project.inspect('db')['State']['Pid']}", "--mount"]
    subprocess.run([*inside, "mkdir", "/var/scratch"], check=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"{limit},mode=1777", "tmpfs", "/var/scratch"]
    subprocess.run([*inside, *mount], check=True)
    with doomed.rebuilt(with_tools(doomed, tools="exec")) as rig:
        failure = failed(rig, rig.approved_restore())
    assert f"{project.project}-db-1" in failure.message
    assert said in failure.message
    assert "Free space under /var/scratch/baseliner-" in failure.remedy
    assert doomed.digest() == before
    assert "no service was touched" in failure.left_as_it_was
    assert remains(project) == []


@in_containers
def test_a_tool_that_the_image_lacks_is_named(docked: Rig, at_home: Deployment, mode: str, tmp_path: Path) -> None:
    with docked.rebuilt(with_tools(docked, tools=mode)) as rig:
        server, settings = server_of(settings_of(rig), {}), settings_of(rig)
        staging, stop = Staging(path=tmp_path), StopSignal()
        with (
            open_tools(settings, staging, "x1", server, 16, stop=stop) as tools,
            pytest.raises(ToolFailed, match="pg_nonesuch could not be started in the container") as lacking,
        ):
            tools.runner.run(["pg_nonesuch"], stop=stop, environment={})
    assert 'tools = "network"' in lacking.value.remedy
    assert remains(at_home) == []


def test_an_image_without_a_shell_is_named(at_home: Deployment, tmp_path: Path) -> None:
    place = Place("", "db-1", IMAGE, "/usr/bin", frozenset(), {}, at_home.project, "x11", network="none")
    with Engine(at_home.engine.settings) as engine:
        runner = ContainerRunner(engine, place, Bound(tmp_path, str(tmp_path)), lambda: None)
        with pytest.raises(ToolFailed, match="could not be started") as lacking:
            runner.run(["pg_dump", "--version"], stop=StopSignal(), environment={})
    assert lacking.value.remedy.startswith("The image has no sh, which pg_dumpall needs")


@pytest.mark.debian_postgres
def test_tools_of_another_major_are_refused(docked: Rig, tmp_path: Path) -> None:
    settings = with_tools(docked, tools="exec").changed(tools=[DEBIAN_15])
    with docked.rebuilt(settings) as rig:
        failure = failed(rig)
    assert "has client tools of PostgreSQL 15" in failure.message
    assert "the server is PostgreSQL 16" in failure.message


def test_a_load_that_is_stopped_ends_inside(docked: Rig, at_home: Deployment, tmp_path: Path) -> None:
    server = server_of(settings_of(docked), {})
    archive, stop, outcome = tmp_path / "archive", StopSignal(), list[type[BaseException]]()
    argv = [str(BIN / "pg_dump"), "--format=directory", f"--file={archive}"]
    assert run(argv, stop=stop, environment=server.tool_environment()).code == 0
    settings = TargetSettings.model_validate(
        {"dsn": docked.target.dsn, "storage": "any", "docker": {**at_home.settings, "tools": "exec"}}
    )
    assert settings.docker is not None
    settings.docker.attach(at_home.engine.settings)

    def work() -> None:
        with open_tools(settings, Staging(path=tmp_path), "x2", server, 16, stop=stop) as tools:
            try:
                load(server, tools, archive, "loaded", 2, stop=stop)
            except Interrupted as error:
                outcome.append(type(error))

    with psycopg.connect(at_home.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE loaded")
        try:
            with psycopg.connect(at_home.dsn("loaded")) as locker:
                # pg_restore waits here until it is told to stop.
                locker.execute("CREATE TABLE devices (i int)")
                thread = threading.Thread(target=work)
                thread.start()
                eventually(lambda: waits(at_home))
                stop.set()
                thread.join(60)
                assert outcome == [Interrupted]
                assert remains(at_home) == []
        finally:
            connection.execute("DROP DATABASE loaded WITH (FORCE)")


def test_what_nobody_reads_can_be_stopped(at_home: Deployment) -> None:
    stop, client = StopSignal(), at_home.client
    deaf = client.exec_create(at_home.ids("db")[0], ["sleep", "2"], stdin=True)
    streams = Streams(client.exec_start(deaf["Id"], socket=True))
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    with closing(streams), pytest.raises(Interrupted):
        streams.tell(bytes(64 << 20), stop)


def choice(host: str, major: int, **docker: Any) -> str:
    settings = TargetSettings.model_validate(
        {"dsn": "postgresql:///x", "storage": "any", "docker": {"project": "x", "service": "db", **docker}}
    )
    assert settings.docker is not None
    settings.docker.attach(DockerSettings(host=host))
    return str(choose_tools(settings, Staging(path=Path("/var/tmp/staging")), major))


def test_the_best_place_for_tools_is_chosen_and_said() -> None:
    here, elsewhere, none = "unix:///nowhere.sock", "ssh://deploy@10.0.0.5", 9
    assert choice(here, 16).startswith("network: this host has the tools of PostgreSQL 16.")
    assert choice(here, none) == "container: this host has no tools of PostgreSQL 9"
    another = "the Engine is on another host, so it cannot mount the staging area"
    assert choice(elsewhere, none) == f"exec: this host has no tools of PostgreSQL 9, and {another}"
    assert choice(elsewhere, 16, tools="container") == f"exec: so the settings say, but {another}"
    assert choice(elsewhere, 16, tools="exec") == "exec: so the settings say"
    with pytest.raises(ToolMissing, match="No PostgreSQL 9 client tools found"):
        choice(here, none, tools="network")


def test_a_staging_area_is_found_behind_our_own_container(project: Deployment, tmp_path: Path) -> None:
    client, mounts = project.client, tmp_path / "mountinfo"
    binds = client.create_host_config(binds=[f"{tmp_path}:/staging", "/usr:/staging/read-only:ro"])
    labels = {"com.docker.compose.project": project.project}
    ours = client.create_container(IMAGE, ["/usr/bin/true"], labels=labels, host_config=binds)["Id"]
    mounts.write_text(f"1 2 8:1 /var/lib/docker/containers/{ours}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n")
    with Engine(project.engine.settings) as engine:
        assert shared_folder(engine, Path("/staging/deeper"), mounts) == tmp_path / "deeper"
        with pytest.raises(NotShared, match="give it a volume"):
            shared_folder(engine, Path("/var/tmp/baseliner"), mounts)
        mounts.write_text(mounts.read_text().replace(ours, "0" * 64))
        with pytest.raises(NotShared, match="is not known to this Engine"):
            shared_folder(engine, Path("/staging/deeper"), mounts)
