"""Restores that meet another server than the backup's: newer, older, or one that cannot give its database up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bot.models import Operation, OperationState
from sandbox.cluster import Cluster
from tests.conftest import Clusters
from tests.house import Rig, rig_on
from tests.support import fresh_database


@contextmanager
def moved_to(rig: Rig, cluster: Cluster) -> Iterator[Rig]:
    """The same target as an empty database of another server, with that server's tools."""
    with fresh_database(cluster, "moved") as target:
        setup = rig.setup.changed(dsn=target.dsn, tools=[str(cluster.bin_dir)])
        with rig.rebuilt(setup) as other:
            moved = replace(other, target=target)
            yield moved
        for suffix in moved.databases():
            cluster.drop_database(target.name + suffix)


def test_a_backup_is_restored_on_a_newer_server(rig: Rig, clusters: Clusters) -> None:
    rig.backup()
    with moved_to(rig, clusters.get(18)) as moved:
        ended = moved.run(moved.approved_restore())
        assert ended.failure is None, ended.failure
        assert moved.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50
        assert moved.value("SHOW server_version").startswith("18")


@pytest.mark.parametrize("target_major", [18], indirect=True)
def test_a_backup_of_a_newer_server_is_refused_before_anybody_is_asked(rig: Rig, clusters: Clusters) -> None:
    rig.backup()
    with moved_to(rig, clusters.get(16)) as moved:
        assert_refused(moved.planned_restore(), "The backup comes from PostgreSQL 18")


@pytest.fixture(scope="module")
def tied(work_directory: Path) -> Iterator[Cluster]:
    """A server that allows prepared transactions and logical slots."""
    settings = {"max_prepared_transactions": "2", "wal_level": "logical"}
    with Cluster(16, work_directory / "tied", settings=settings, durable=False) as cluster:
        yield cluster


@pytest.fixture
def tied_rig(tied: Cluster, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    with rig_on(tied, upgraded_state_dsn, tmp_path) as rig:
        rig.backup()
        yield rig


@contextmanager
def prepared_transaction(rig: Rig) -> Iterator[None]:
    with psycopg.connect(rig.target.dsn) as connection:
        connection.tpc_begin(connection.xid(1, "transfer", "a"))
        connection.execute("UPDATE devices SET name = 'in doubt' WHERE id = 1")
        connection.tpc_prepare()
        yield
        connection.tpc_rollback()


@contextmanager
def logical_slot(rig: Rig) -> Iterator[None]:
    rig.execute("SELECT pg_create_logical_replication_slot('subscriber', 'pgoutput')")
    yield
    rig.execute("SELECT pg_drop_replication_slot('subscriber')")


def test_a_prepared_transaction_blocks_the_plan_and_one_that_comes_later_voids_it(tied_rig: Rig) -> None:
    approved = tied_rig.approved_restore()
    with prepared_transaction(tied_rig):
        assert_refused(tied_rig.planned_restore(), "holds 1 prepared transaction(s), which would block the swap")
        ended = tied_rig.run(approved)
    assert (ended.state, tied_rig.application.log) == (OperationState.VOIDED, [])
    assert ended.failure is not None
    assert "holds 1 prepared transaction(s)" in ended.failure.message


def test_a_logical_slot_blocks_the_plan(tied_rig: Rig) -> None:
    with logical_slot(tied_rig):
        assert_refused(tied_rig.planned_restore(), "Logical replication slots hang on")


def assert_refused(planned: Operation, words: str) -> None:
    assert planned.state is OperationState.FAILED
    assert planned.failure is not None
    assert words in planned.failure.message
    assert planned.failure.left_as_it_was == "Nothing was asked of anybody and nothing was touched."
