"""Log shipping of a real server, through the traps that its statistics can show."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.models import Check, CheckState
from bot.postgres.wal import judge_log_shipping, log_shipping
from sandbox.cluster import Cluster
from tests.integration.postgres.engine import server_at
from tests.support import eventually, one_major

NO_PATIENCE = timedelta(seconds=-1)


@pytest.fixture(scope="module", params=[16, 18], ids="pg{}".format)
def archiving(request: pytest.FixtureRequest, work_directory: Path) -> Iterator[Cluster]:
    """A server of its own, with archive_mode on."""
    directory = work_directory / f"archiving{request.param}"
    settings = {"archive_mode": "on", "wal_level": "replica", "max_wal_size": "64MB"}
    with Cluster(request.param, directory, settings=settings, durable=False) as cluster:
        yield cluster


def check(cluster: Cluster, deadline: timedelta = timedelta(minutes=5)) -> Check:
    with server_at(cluster.dsn()).connect() as connection:
        sample = log_shipping(connection)
    return judge_log_shipping(sample, sample.taken_at, ready_deadline=deadline)


def becomes(cluster: Cluster, state: CheckState, deadline: timedelta = timedelta(minutes=5)) -> Check:
    """The check once it has that state; until then there is always a new segment to ship.

    The archiver hears of a new command some time after the reload: one segment more may go the old way.
    """
    seen: list[Check] = []

    def reached() -> bool:
        seen.append(check(cluster, deadline))
        if seen[-1].state is not state:
            switch(cluster)
        return seen[-1].state is state

    eventually(reached, timeout=60)
    return seen[-1]


def set_command(cluster: Cluster, command: str) -> None:
    cluster.configure(archive_command=command)
    cluster.reload()


def switch(cluster: Cluster) -> bool:
    cluster.execute("CREATE TABLE IF NOT EXISTS written (i int)")
    cluster.execute("INSERT INTO written VALUES (1)")
    cluster.execute("SELECT pg_switch_wal()")
    return True


def archive_well(cluster: Cluster) -> None:
    archive = cluster.make_directory(f"archive-{secrets.token_hex(4)}")
    set_command(cluster, f"cp %p {archive}/%f")
    assert eventually(lambda: switch(cluster) and any(archive.iterdir()), timeout=60)


@contextmanager
def hanging_command(cluster: Cluster) -> Iterator[None]:
    """A command that hangs until the block ends, with segments that wait for it."""
    folder = cluster.make_directory(f"gate-{secrets.token_hex(4)}")
    set_command(cluster, f"touch {folder}/begun; until [ -e {folder}/open ]; do sleep 0.1; done")
    assert eventually(lambda: switch(cluster) and (folder / "begun").exists(), timeout=60)
    switch(cluster)
    switch(cluster)
    try:
        yield
    finally:
        (folder / "open").touch()


def test_archiving_from_nothing_through_success_and_failure(archiving: Cluster) -> None:
    set_command(archiving, "")
    assert "no archive_command" in becomes(archiving, CheckState.FAILED).summary
    set_command(archiving, "/bin/true")
    assert eventually(lambda: "throws every segment away" in check(archiving).summary)

    archive_well(archiving)
    becomes(archiving, CheckState.PASSED)
    # Idle: nothing more is archived, and that is healthy however late it is.
    assert eventually(lambda: check(archiving, NO_PATIENCE).state is CheckState.PASSED)

    set_command(archiving, "false")
    assert eventually(lambda: switch(archiving) and "fails" in check(archiving).summary, timeout=60)

    archive_well(archiving)
    becomes(archiving, CheckState.PASSED)  # mended: the failure is history


def test_a_command_that_hangs_is_seen_by_the_age_of_what_waits(archiving: Cluster) -> None:
    archive_well(archiving)
    with hanging_command(archiving):
        assert check(archiving).state is CheckState.PASSED
        assert "wait for the archiver" in check(archiving, NO_PATIENCE).summary


def test_without_pg_monitor_it_is_unknown_and_never_green(archiving: Cluster) -> None:
    archiving.execute("CREATE ROLE watcher LOGIN PASSWORD 'watching'")
    try:
        with (
            hanging_command(archiving),
            server_at(archiving.dsn(user="watcher", password="watching")).connect() as connection,
        ):
            sample = log_shipping(connection)
    finally:
        archiving.execute("DROP ROLE watcher")
    assert sample.ready_files is None
    assert judge_log_shipping(sample, sample.taken_at).state is CheckState.UNKNOWN


def test_an_inactive_slot_and_what_it_keeps(archiving: Cluster) -> None:
    archiving.execute("SELECT pg_create_physical_replication_slot('standby', true)")
    switch(archiving)
    with server_at(archiving.dsn()).connect() as connection:
        sample = log_shipping(connection)
    archiving.execute("SELECT pg_drop_replication_slot('standby')")
    (slot,) = sample.slots
    assert (slot.name, slot.kind, slot.active, slot.wal_status) == ("standby", "physical", False, "reserved")
    assert (slot.retained_bytes or 0) > 0
    judged = judge_log_shipping(sample, sample.taken_at, most_retained_bytes=0)
    assert "inactive slot standby keeps" in judged.summary


@one_major
def test_archive_mode_off_is_a_failure(postgres: Cluster) -> None:
    judged = check(postgres)
    assert judged.state is CheckState.FAILED
    assert "archive_mode is off" in judged.summary
