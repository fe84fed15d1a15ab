"""PostgreSQL's tools inside of the database's container, beside it, or here: the same backups, and nothing left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.models import Operation, OperationState
from bot.operations.backup_engine import BackupEngine
from bot.operations.tooling import open_tools
from bot.postgres.connection import server_of
from bot.runtime.stop import StopSignal
from bot.settings import Staging
from tests.docker_deployment import Deployment
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import (
    PASSWORD,
    interrupted,
    made_for_tools,
    remains,
    table_locked,
    tools_inside,
    waits,
    with_tools,
)
from tests.integration.operations.hooks import Moment, run_and_die
from tests.support import eventually

pytestmark = pytest.mark.docker

in_containers = pytest.mark.parametrize("mode", ["exec", "container"])


@pytest.mark.parametrize(
    ("taken", "restored", "archive"),
    [
        ("exec", "container", "custom.dump"),
        ("container", "network", "small.tar"),
        ("network", "exec", "small.tar"),
        ("exec", "exec", "custom.dump"),
    ],
)
def test_a_backup_comes_back_wherever_the_tools_run(
    docked: Rig, at_home: Deployment, taken: str, restored: str, archive: str
) -> None:
    before = docked.digest()
    with docked.rebuilt(with_tools(docked, tools=taken)) as taking:
        taking.backup()
    [backup] = docked.services.backups.newest_first(TARGET, 10)
    manifest = backup.manifest
    assert manifest.tools_mode == taken
    assert manifest.archive_format == ("custom" if taken == "exec" else "directory")
    assert f"database.{archive}.zst" in {item.name for item in manifest.objects}
    assert manifest.tools_version.startswith("16.")
    with psycopg.connect(docked.target.dsn) as connection:
        connection.execute("DELETE FROM runs")
    with docked.rebuilt(with_tools(docked, tools=restored), seed=3) as restoring:
        planned = restoring.planned_restore(backup.id)
        assert plan_of(restoring, planned)["tools"] == f"{restored}: so the settings say"
        ended = restoring.run(restoring.approve(planned))
    assert ended.failure is None, ended.failure
    assert docked.digest() == before
    assert remains(at_home) == []


def plan_of(rig: Rig, planned: Operation) -> Mapping[str, Any]:
    plan = rig.services.drawings.plan(planned.id)
    assert plan is not None
    return plan.body


def test_what_a_tool_says_comes_whole_and_apart(docked: Rig, at_home: Deployment, tmp_path: Path) -> None:
    stop, read = StopSignal(), bytearray()
    with docked.rebuilt(with_tools(docked, tools="exec")) as rig:
        settings = rig.house.context.target(TARGET)
        server, staging = server_of(settings, {}), Staging(path=tmp_path)
        with open_tools(settings, staging, "x3", server, 16, stop=stop) as tools:
            argv = ["sh", "-c", "seq 1 200000; echo 'to the side' >&2; exit 3"]
            finished = tools.runner.stream(argv, read.extend, stop=stop, environment={})
    assert (finished.code, finished.stderr) == (3, "to the side\n")
    assert bytes(read) == b"".join(b"%d\n" % number for number in range(1, 200_001))


@in_containers
def test_a_backup_that_is_stopped_leaves_no_tool_no_session_and_no_password(
    docked: Rig, at_home: Deployment, mode: str
) -> None:
    with docked.rebuilt(with_tools(docked, tools=mode)) as rig, table_locked(rig):
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with interrupted(rig, operation):
            eventually(lambda: waits(at_home))
            running = tools_inside(at_home)
            assert any("pg_dump" in line for line in running)
            assert not any(PASSWORD in line for line in running)
            assert PASSWORD not in all_that_can_be_inspected(at_home)
        assert remains(at_home) == []
        assert rig.objects() == []


def all_that_can_be_inspected(project: Deployment) -> str:
    client, told = project.client, []
    for container in [*project.ids("db"), *made_for_tools(project)]:
        inspected = client.inspect_container(container)
        told.append(str(inspected))
        told += [str(client.exec_inspect(each)) for each in inspected["ExecIDs"] or []]
    assert "pg_dump" in " ".join(told)
    return " ".join(told)


@in_containers
def test_what_a_killed_worker_left_is_swept_before_the_next_begins_anew(
    docked: Rig, at_home: Deployment, mode: str
) -> None:
    with docked.rebuilt(with_tools(docked, tools=mode)) as rig:
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with table_locked(rig):
            run_and_die(rig.setup, operation.id, "dump", Moment.WHEN_TOLD, rig.directory, when=lambda: waits(at_home))
            assert tools_inside(at_home)
            backup_id = str(rig.state("SELECT memory ->> 'backup_id' FROM operations"))
            assert BackupEngine(rig.house.context).discard(TARGET, backup_id) == ""
            assert remains(at_home) == []
        ended = rig.run(operation)
        assert (ended.state, ended.attempt) == (OperationState.DONE, 2)
        assert remains(at_home) == []
