"""PostgreSQL's tools inside of the database's container, beside it, or here: the same backups, and nothing left."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from docker.errors import APIError

from bot.errors import ToolFailed
from bot.models import Operation, OperationState
from bot.operations.backup_engine import BackupEngine
from bot.operations.tooling import open_tools, remove_remains, stream_compression
from bot.postgres.connection import server_of
from bot.postgres.dump import Snapshot, Spooling, dump
from bot.runtime.stop import StopSignal
from bot.settings import Staging
from tests.docker_deployment import Deployment
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import (
    PASSWORD,
    ROLE,
    interrupted,
    made_for_tools,
    remains,
    table_locked,
    tools_inside,
    waits,
    with_tools,
)
from tests.integration.operations.hooks import Moment, run_and_die
from tests.integration.postgres.engine import Nothing
from tests.support import eventually

pytestmark = pytest.mark.docker

in_containers = pytest.mark.parametrize("mode", ["exec", "container"])


@pytest.mark.parametrize(
    ("taken", "restored", "archive"),
    [
        ("exec", "network", "custom.dump"),
        ("network", "container", "small.tar"),
        ("container", "exec", "small.tar"),
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
            # The wheel's pg_dump was built without zstd.
            assert stream_compression(tools.runner, 16, stop) == "1"
            assert tools.compress == "0"
    assert (finished.code, finished.stderr) == (3, "to the side\n")
    assert bytes(read) == b"".join(b"%d\n" % number for number in range(1, 200_001))


class Slow(Nothing):
    """Takes 40 MB a second, less than pg_dump gives, and notes how the processes beside the database are meanwhile."""

    def __init__(self, project: Deployment, states: set[str]) -> None:
        self._project = project
        self._states = states

    def write(self, data: bytes | memoryview) -> None:
        ends_at = time.monotonic() + len(data) / 40e6
        # When it has ended, what it wrote is still to be taken.
        for made in made_for_tools(self._project):
            with suppress(APIError):
                self._states |= {row[1][0] for row in self._project.client.top(made, "-o pid,stat")["Processes"] or ()}
        time.sleep(max(ends_at - time.monotonic(), 0))


def test_a_tool_in_a_container_is_paused_while_storage_is_slower(
    docked: Rig, at_home: Deployment, tmp_path: Path
) -> None:
    states, staging, stop = set[str](), Staging(path=tmp_path), StopSignal()
    settings = with_tools(docked, tools="container")
    with docked.rebuilt(settings) as rig, psycopg.connect(rig.target.dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE UNLOGGED TABLE large AS SELECT i, repeat(md5(i::text), 40) t FROM generate_series(1, 60000) i"
        )
        server, target = server_of(rig.house.context.target(TARGET), {}), rig.house.context.target(TARGET)
        folder = tmp_path / "x4"
        folder.mkdir()
        with open_tools(target, staging, "x4", server, 16, stop=stop) as tools, Snapshot(server) as snapshot:
            spooling = Spooling(folder / "archive", 4 << 20, lambda _name: Slow(at_home, states))
            result = dump(server, tools, snapshot.id, spooling, jobs=2, stop=stop)
        connection.execute("DROP TABLE large")
    assert result.raw_bytes > 75e6
    assert list((folder / "archive").iterdir()) == []
    assert {"T", "S"} <= states, "stopped, and not always"


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
def test_a_tool_ends_with_its_worker_and_what_is_left_is_swept_before_the_next_begins_anew(
    docked: Rig, at_home: Deployment, mode: str
) -> None:
    with docked.rebuilt(with_tools(docked, tools=mode)) as rig:
        operation = rig.services.backups.request(TARGET, OPERATOR)
        with table_locked(rig):
            run_and_die(rig.setup, operation.id, "dump", Moment.WHEN_TOLD, rig.directory, when=lambda: waits(at_home))
            # Nobody but its leash has ended it, and its session with the snapshot.
            eventually(lambda: not tools_inside(at_home) and not waits(at_home), timeout=10)
            backup_id = str(rig.state("SELECT memory ->> 'backup_id' FROM operations"))
            assert BackupEngine(rig.house.context).discard(TARGET, backup_id) == ""
            assert remains(at_home) == []
        ended = rig.run(operation)
        assert (ended.state, ended.attempt) == (OperationState.DONE, 2)
        assert remains(at_home) == []


@in_containers
def test_a_tool_whose_worker_only_stands_still_is_ended_by_the_sweep(
    docked: Rig, at_home: Deployment, mode: str, tmp_path: Path
) -> None:
    with docked.rebuilt(with_tools(docked, tools=mode)) as rig, table_locked(rig), ThreadPoolExecutor(1) as beside:
        settings, stop = rig.house.context.target(TARGET), StopSignal()
        server = server_of(settings, {})
        argv, environment = ["pg_dump", "--format=plain"], server.tool_environment()
        with open_tools(settings, Staging(path=tmp_path), "x6", server, 16, stop=stop) as tools:
            running = beside.submit(tools.runner.run, argv, stop=stop, environment=environment)
            eventually(lambda: waits(at_home))
            assert remove_remains(rig.house.context, TARGET, "x6") == ""
            assert remains(at_home) == []
            with suppress(ToolFailed):
                assert running.result(20).code != 0


SLOW = """CREATE FUNCTION slow(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF current_setting('application_name') LIKE 'baseliner _%' THEN PERFORM pg_sleep(100); END IF; RETURN i;
END $$"""


@pytest.fixture
def slow_to_load(docked: Rig) -> Iterator[None]:
    """pg_restore, and nobody else, needs long for an index."""
    with psycopg.connect(docked.target.dsn, autocommit=True) as connection:
        connection.execute(SLOW)
        connection.execute("CREATE INDEX slow ON devices (slow(id))")
        yield
        connection.execute("DROP FUNCTION slow CASCADE")


@in_containers
@pytest.mark.usefixtures("slow_to_load")
def test_a_restore_whose_worker_is_killed_is_rolled_back_with_its_tools(
    docked: Rig, at_home: Deployment, mode: str
) -> None:
    docked.backup()
    with docked.rebuilt(with_tools(docked, tools=mode), seed=3) as rig:
        before, operation = rig.digest(), rig.approved_restore()
        run_and_die(rig.setup, operation.id, "load", Moment.WHEN_TOLD, rig.directory, when=lambda: sleeps(at_home))
        ended = rig.run(operation)
        assert ended.failure is not None
        assert ended.failure.left_as_it_was.startswith("inventory is as it was, with all its data.")
        assert rig.digest() == before
        assert remains(at_home) == []
    assert b"terminated by signal" not in at_home.client.logs(at_home.ids("db")[0])
    assert databases(at_home) == ["inventory", "postgres"]


def sleeps(project: Deployment) -> bool:
    return "PgSleep" in column(project, "SELECT wait_event FROM pg_stat_activity")


def databases(project: Deployment) -> list[str]:
    return column(project, "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")


def column(project: Deployment, query: str) -> list[str]:
    with psycopg.connect(project.dsn("postgres")) as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_a_database_is_found_by_labels_alone(docked: Rig, at_home: Deployment) -> None:
    unnamed = f"postgresql://{ROLE}:{PASSWORD}@/inventory"
    with docked.rebuilt(with_tools(docked, tools="exec").changed(dsn=unnamed)) as rig:
        rig.backup()
    assert remains(at_home) == []
