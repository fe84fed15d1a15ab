"""Of all serving processes one leads, and when it loses its connection another does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from bot.leader import Leadership
from bot.store.database import StateDatabase
from tests.integration.jobs.running import in_background
from tests.support import eventually


class Candidate:
    """A leadership that writes down when its duties begin and end."""

    def __init__(self, database: StateDatabase) -> None:
        self.log: list[str] = []
        self.leadership = Leadership(database, self._duties)

    @property
    def leads(self) -> bool:
        return self.leadership.leads

    @contextmanager
    def _duties(self) -> Iterator[None]:
        self.log.append("begin")
        try:
            yield
        finally:
            self.log.append("end")


@pytest.fixture
def database(upgraded_state_dsn: str) -> Iterator[StateDatabase]:
    database = StateDatabase(upgraded_state_dsn, 4)
    yield database
    database.close()


def kill_sessions(dsn: str) -> None:
    """End every session that holds the leader's lock."""
    with psycopg.connect(dsn) as connection:
        ended = connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_locks
               WHERE locktype = 'advisory' AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
        ).fetchall()
    assert ended == [(True,)]


def test_one_leads_and_when_it_stops_the_other_does(database: StateDatabase) -> None:
    first, second = Candidate(database), Candidate(database)
    with ExitStack() as both:
        stop_first = both.enter_context(in_background(first.leadership.run))
        eventually(lambda: first.leads)
        both.enter_context(in_background(second.leadership.run))
        stop_first.set()
        eventually(lambda: second.leads)
        assert (first.leads, first.log, second.log) == (False, ["begin", "end"], ["begin"])
    assert second.log == ["begin", "end"]


def test_a_leader_whose_connection_is_killed_lays_its_duties_down(
    database: StateDatabase, upgraded_state_dsn: str
) -> None:
    candidates = [Candidate(database), Candidate(database)]
    with ExitStack() as both:
        for candidate in candidates:
            both.enter_context(in_background(candidate.leadership.run))
        (leader,) = eventually(lambda: [candidate for candidate in candidates if candidate.leads])
        (other,) = (candidate for candidate in candidates if candidate is not leader)
        assert other.log == []
        kill_sessions(upgraded_state_dsn)
        eventually(lambda: leader.log == ["begin", "end"])
        eventually(lambda: [candidate.leads for candidate in candidates].count(True) == 1)
    assert leader.log.count("begin") + other.log.count("begin") == 2
    assert leader.log.count("end") + other.log.count("end") == 2
