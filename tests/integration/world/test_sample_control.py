"""Fleet's services by the command line, also while their database goes away under them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
import pytest
from psycopg import sql

from sandbox.locks import hold, holder
from sandbox.processes import free_port
from sandbox.sample.control import STOPPED, ServiceSettings, control_argv
from tests.conftest import Clusters
from tests.integration.world.fleet import Fleet, small_fleet
from tests.support import eventually


@pytest.fixture
def fleet(clusters: Clusters, tmp_path: Path) -> Iterator[Fleet]:
    with small_fleet(clusters.get(16), tmp_path) as fleet:
        yield fleet


@pytest.fixture
def running(fleet: Fleet) -> Fleet:
    started = fleet.control("start")
    assert started.returncode == 0, started.stderr
    return fleet


def test_stop_and_start_are_idempotent_and_status_tells(fleet: Fleet) -> None:
    for service in ("app", "worker"):
        assert fleet.control("status", service).returncode == STOPPED
        assert fleet.control("stop", service).returncode == 0
        assert fleet.control("start", service).returncode == 0
        pid = fleet.pid(service)
        assert fleet.control("start", service).returncode == 0
        assert fleet.pid(service) == pid
        assert fleet.control("status", service).stdout == f"{service} runs as process {pid}\n"
        assert fleet.control("stop", service).returncode == 0
        assert fleet.control("status", service).returncode == STOPPED
    with pytest.raises(httpx.ConnectError):
        fleet.client.get("/health")


def test_two_starts_at_once_start_one(fleet: Fleet) -> None:
    argv = control_argv(fleet.state_dir, "start", "worker")
    both = [subprocess.Popen(argv), subprocess.Popen(argv)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert fleet.control("status", "worker").returncode == 0
    assert "runs already" not in (fleet.state_dir / "worker.log").read_text()


def test_a_killed_service_is_seen_as_stopped_and_starts_again(running: Fleet) -> None:
    pid = running.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: running.control("status").returncode == STOPPED)
    assert running.control("start").returncode == 0
    assert running.client.get("/health").is_success


def test_a_start_that_fails_says_why(fleet: Fleet) -> None:
    ServiceSettings("", 1, 0.1).write(fleet.state_dir)
    answer = fleet.control("start")
    assert answer.returncode == 1
    assert "DATABASE_URL is not set" in answer.stderr


def test_the_services_end_with_the_holder_of_their_lifeline(fleet: Fleet, tmp_path: Path) -> None:
    state_dir, lifeline = tmp_path / "another", tmp_path / "another_lifeline"
    state_dir.mkdir()
    ServiceSettings(fleet.database.dsn, free_port(), 0.1, str(lifeline)).write(state_dir)
    run_files = [state_dir / "app.run", state_dir / "worker.run"]
    with hold(lifeline):
        for service in ("app", "worker"):
            subprocess.run(control_argv(state_dir, "start", service), check=True)
        assert None not in [holder(run_file) for run_file in run_files]
    for run_file in run_files:
        eventually(partial(lambda path: holder(path) is None, run_file))


def test_the_worker_keeps_writing(fleet: Fleet) -> None:
    assert fleet.control("start", "worker").returncode == 0
    with psycopg.connect(fleet.database.dsn, autocommit=True) as connection:
        eventually(lambda: connection.execute("SELECT 1 FROM audit_log WHERE actor = 'continuous' OFFSET 5").fetchone())
        checked = connection.execute(
            "SELECT count(*), count(DISTINCT device_id) FROM run_items JOIN runs ON runs.id = run_id "
            "WHERE requested_by = 'continuous'"
        ).fetchone()
    assert checked is not None
    assert checked[0] == checked[1] > 4


def test_both_services_survive_a_swap_of_their_database(running: Fleet) -> None:
    assert running.control("start", "worker").returncode == 0
    cluster, name = running.database.cluster, running.database.name
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:

        def run(statement: LiteralString, **names: str) -> None:
            identifiers = {key: sql.Identifier(value) for key, value in names.items()}
            admin.execute(sql.SQL(statement).format(**identifiers, literal=sql.Literal(name)))

        run("ALTER DATABASE {old} ALLOW_CONNECTIONS false", old=name)
        run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {literal}")
        away = running.client.get("/health")
        assert away.status_code == 503
        assert "not currently accepting connections" in away.json()["error"]
        try:
            run("CREATE DATABASE {new} TEMPLATE {old}", new=f"{name}__new", old=name)
            run("ALTER DATABASE {old} RENAME TO {aside}", old=name, aside=f"{name}__old")
            run("ALTER DATABASE {new} RENAME TO {old}", new=f"{name}__new", old=name)
            eventually(lambda: running.client.get("/health").is_success)
            count = running.client.get("/counts").json()["run_items"]
            eventually(lambda: running.client.get("/counts").json()["run_items"] > count)
        finally:
            cluster.drop_database(f"{name}__old")
