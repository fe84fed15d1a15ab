"""A drill of a database in a container, where this host has no PostgreSQL: by a server of the database's image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.doctor.database import look_at_drill
from bot.errors import ToolFailed, ToolMissing
from bot.models import CheckState, Operation, OperationState
from bot.operations.scratch_places import CLUSTER, choose_scratch, contained_scratch
from bot.operations.staging import make_folder, staging_folder
from bot.operations.tooling import open_tools_for
from bot.postgres import tools as found_here
from bot.postgres.connection import Server
from bot.postgres.scratch import socket_folder
from bot.runtime.stop import StopSignal
from bot.settings import Staging, TargetSettings
from tests.conftest import Clusters
from tests.docker_deployment import Deployment
from tests.docker_proxy import allowed_socket
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import made_by, remains, with_tools
from tests.integration.operations.hooks import Moment, run_and_die
from tests.support import eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's wheel apart, this host has no PostgreSQL 16."""
    monkeypatch.setattr(found_here, "_WHEEL", "no_such_package")


def drilled(rig: Rig) -> Operation:
    return rig.run(rig.services.drills.request(TARGET, OPERATOR, "latest"))


def assert_verified_and_gone(rig: Rig, project: Deployment, ended: Operation) -> None:
    assert ended.state is OperationState.DONE, ended.failure
    [backup] = rig.services.backups.newest_first(TARGET, 1)
    assert backup.verified_at == rig.clock.now()
    assert ended.result["rows"] == backup.manifest.digest.rows > 0
    assert [*remains(project), *made_by(project, ended.id)] == []
    staging = rig.house.context.settings.staging
    assert not list(staging.path.glob("*"))
    assert not socket_folder(staging_folder(staging, ended.id) / CLUSTER).exists()


@pytest.mark.usefixtures("bare")
def test_a_backup_is_proved_by_the_image_of_its_database(docked: Rig, at_home: Deployment) -> None:
    smoke = ["SELECT count(*) = 50 FROM devices"]
    with docked.rebuilt(with_tools(docked, tools="exec").changed(drill={"smoke": smoke})) as rig:
        rig.backup()
        ended = drilled(rig)
        assert_verified_and_gone(rig, at_home, ended)
    [scratch] = [step for step in ended.steps if step.name == "scratch"]
    assert str(scratch.detail).startswith("a container of its own, of the database's image, PostgreSQL 16.")
    assert ended.result["smoke_queries"] == 1


def test_a_drill_in_containers_ends_with_its_worker_and_is_done_by_the_next(docked: Rig, at_home: Deployment) -> None:
    with docked.rebuilt(with_tools(docked, tools="container")) as rig:
        rig.backup()
        operation = rig.services.drills.request(TARGET, OPERATOR, "latest")
        run_and_die(rig.setup, operation.id, "load", Moment.BEFORE, rig.directory)
        made = made_by(at_home, operation.id)
        assert [item["HostConfig"]["NetworkMode"] for item in made] == ["none"]
        eventually(lambda: {item["State"] for item in made_by(at_home, operation.id)} == {"exited"}, timeout=10)
        assert_verified_and_gone(rig, at_home, rig.run(operation))


@pytest.mark.usefixtures("bare")
def test_a_server_that_the_settings_name_is_reached_by_tools_of_the_image(
    docked: Rig, at_home: Deployment, clusters: Clusters
) -> None:
    with docked.rebuilt(docked.setup.changed(drill={"dsn": clusters.get(16).dsn()})) as rig:
        rig.backup()
        ended = drilled(rig)
        assert_verified_and_gone(rig, at_home, ended)


def settings_of(project: Deployment, host: str | None = None, **docker: Any) -> TargetSettings:
    settings = TargetSettings.model_validate(
        {"dsn": project.dsn(), "storage": "any", "docker": {**project.settings, **docker}}
    )
    assert settings.docker is not None
    engine = project.engine.settings
    settings.docker.attach(engine.model_copy(update={"host": host}) if host else engine)
    return settings


def test_an_own_server_that_dies_is_named_and_one_that_is_too_old(at_home: Deployment, tmp_path: Path) -> None:
    staging, stop, settings = Staging(path=tmp_path), StopSignal(), settings_of(at_home)

    def kill_it() -> None:
        make_folder(staging, "x9", 0)
        with contained_scratch(settings, staging, "x9", 16, tmp_path, stop=stop) as (server, _):
            [made] = made_by(at_home, "x9")
            at_home.client.kill(made["Id"])
            # Until it does not answer any more.
            eventually(lambda: server.connect().close())

    with pytest.raises(ToolFailed, match="postgres was killed by SIGKILL in the container ") as died:
        kill_it()
    assert "or its memory was full" in died.value.remedy
    make_folder(staging, "x9", 0)
    opened = contained_scratch(settings, staging, "x9", 19, tmp_path, stop=stop)
    with pytest.raises(ToolMissing, match=r"-db-1 has PostgreSQL 16.*older than the backup's") as old, opened:
        pass
    assert "Install PostgreSQL 19 on the worker's host, or name a server" in old.value.remedy
    assert made_by(at_home, "x9") == []


def test_where_a_drill_finds_a_server_is_chosen_and_a_lack_is_named(at_home: Deployment, tmp_path: Path) -> None:
    staging, none = Staging(path=tmp_path), 9
    assert choose_scratch(settings_of(at_home), staging, 16).here is not None
    assert choose_scratch(settings_of(at_home, tools="container"), staging, 16).shared == tmp_path
    assert choose_scratch(settings_of(at_home, tools="exec"), staging, none).shared == tmp_path
    elsewhere = settings_of(at_home, "ssh://deploy@10.0.0.5", tools="container")
    assert choose_scratch(elsewhere, staging, 16).here is not None
    with pytest.raises(
        ToolMissing, match=r"No PostgreSQL 9 server.*No container .*: the Engine is on another host"
    ) as lacking:
        choose_scratch(elsewhere, staging, none)
    assert "or name a scratch server" in lacking.value.remedy
    with pytest.raises(ToolMissing, match=r"^(?!.*container).*No PostgreSQL 9 server"):
        choose_scratch(settings_of(at_home, tools="network"), staging, none)


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("host=/var/run/postgresql", "a socket of this host"),
        ("host=drills sslrootcert=/etc/ca.pem", r"files of this host \(PGSSLROOTCERT\)"),
    ],
)
def test_a_server_that_no_container_can_reach_is_named(at_home: Deployment, tmp_path: Path, dsn: str, why: str) -> None:
    opened = open_tools_for(settings_of(at_home), Staging(path=tmp_path), "x7", Server(dsn), 9, stop=StopSignal())
    with (
        pytest.raises(
            ToolMissing, match=f"No PostgreSQL 9 client tools.*No container .*: the server is reached by {why}"
        ),
        opened,
    ):
        pass


@pytest.mark.usefixtures("bare")
def test_the_doctor_tries_the_image(at_home: Deployment, tmp_path: Path) -> None:
    staging, create = Staging(path=tmp_path), "/containers/create"
    check = look_at_drill(settings_of(at_home), staging, {}, "x8", StopSignal())
    assert check.state is CheckState.PASSED
    assert "of the database's image: postgres (PostgreSQL) 16." in check.summary
    with allowed_socket(at_home.engine.socket, without=[("POST", create)]) as socket:
        check = look_at_drill(settings_of(at_home, f"unix://{socket}"), staging, {}, "x8", StopSignal())
    assert check.state is CheckState.WARNING
    assert f"denied POST {create}" in check.summary
    assert made_by(at_home, "x8") == []
