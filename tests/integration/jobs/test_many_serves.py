"""Several serving processes, one leader: when it is killed another fires within a minute, and nothing fires twice."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psycopg
import pytest

from bot.leader import Leadership
from tests.house import NOW, TARGET, MovableClock, Rig, Setup, open_house
from tests.support import eventually

FIRES = 200
HELD = "target-060"
WAITING = """SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'"""
DEALT_WITH = "SELECT count(*) FROM schedule_fires WHERE heard_until = '2026-11-22 10:16:00+00'"


@pytest.fixture
def scheduled(rig: Rig) -> Iterator[Rig]:
    """With as many targets, each of which fires a minute from now and is known already."""
    settings = {**rig.setup.document["targets"][TARGET], "schedule": "16 10 * * *"}
    targets = {f"target-{number:03}": settings for number in range(FIRES)}
    with rig.rebuilt(Setup({**rig.setup.document, "targets": targets}, {})) as many:
        assert many.services.schedules.advance() == []
        yield many


def serve(setup: Setup, directory: Path) -> None:
    """The leader's duties, a minute later, until this process is killed; `directory` tells who leads."""
    with open_house(setup, MovableClock(NOW + timedelta(seconds=90)), seed=os.getpid()) as house:

        @contextmanager
        def duties() -> Iterator[None]:
            (directory / f"leads.{os.getpid()}").touch()
            with house.clockwork.running():
                yield

        Leadership(house.context.database, duties).run(threading.Event())


def leaders(rig: Rig) -> list[int]:
    """The processes that lead or have led."""
    return [int(path.suffix[1:]) for path in rig.directory.glob("leads.*")]


def fired(rig: Rig) -> int:
    return int(rig.state("SELECT count(*) FROM operations"))


@contextmanager
def serving(rig: Rig, count: int) -> Iterator[dict[int, ForkServerProcess]]:
    """So many processes, by their ids."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    processes = [context.Process(target=serve, args=(rig.setup, rig.directory)) for _ in range(count)]
    with ExitStack() as stack:
        for process in processes:
            process.start()
            stack.callback(process.join)
            stack.callback(process.kill)
        yield {process.pid: process for process in processes if process.pid is not None}


def end_leadership(rig: Rig) -> None:
    """Its session is cut off; the process works on until it notices."""
    with psycopg.connect(rig.state_dsn) as connection:
        ended = connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objid = 1818583396
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        ).fetchall()
    assert ended == [(True,)]


def test_a_leader_is_killed_and_two_fire_at_once_and_each_fire_is_made_once(scheduled: Rig) -> None:
    with serving(scheduled, 3) as processes:
        with psycopg.connect(scheduled.state_dsn) as holding:
            holding.execute("SELECT FROM schedule_fires WHERE target = %s FOR UPDATE", (HELD,))
            eventually(lambda: scheduled.state(WAITING) == 1)
            made = fired(scheduled)
            assert made < FIRES
            (first,) = leaders(scheduled)
            processes[first].kill()
            eventually(lambda: len(leaders(scheduled)) == 2 and scheduled.state(WAITING) == 2)
            assert fired(scheduled) == made, "what was made is not made again"
            end_leadership(scheduled)
            eventually(lambda: len(leaders(scheduled)) == 3 and scheduled.state(WAITING) == 3)
        eventually(lambda: scheduled.state(DEALT_WITH) == FIRES)
    assert scheduled.state("SELECT count(DISTINCT target) FROM operations") == FIRES
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'baseliner.run_operation'"
    assert (fired(scheduled), scheduled.state(jobs)) == (FIRES, FIRES)
