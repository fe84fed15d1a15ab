"""The audit log: one chain, append-only, and no row can be changed, added, moved or taken out unseen."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.canonical import canonical_json
from bot.models import Actor, AuditEntry, AuditFilter
from bot.store import audit
from bot.store.audit import GENESIS, AuditVerdict, link_hash
from bot.store.database import StateDatabase
from tests.house import APPROVER, NOW, OPERATOR

LENGTH = 12
EVERY = AuditFilter()
KEYS = sorted(AuditEntry.__annotations__.keys() - {"previous_hash", "hash"})
POSITIONS = range(1, LENGTH + 1)
Rows = list[dict[str, Any]]


@pytest.fixture
def state(upgraded_state_dsn: str) -> Iterator[StateDatabase]:
    database = StateDatabase(upgraded_state_dsn, 10)
    database.open()
    yield database
    database.close()


def append(state: StateDatabase, number: int, actor: Actor = OPERATOR) -> None:
    with state.transaction() as connection:
        audit.append(
            connection, NOW, actor, "backup.request", "accepted", target="inventory", detail={"number": number}
        )


def verify(state: StateDatabase) -> AuditVerdict:
    with state.transaction() as connection:
        return audit.verify(connection)


@pytest.fixture
def chain(state: StateDatabase) -> StateDatabase:
    """A log of a dozen entries."""
    for number in range(LENGTH):
        append(state, number)
    return state


@contextmanager
def tampering(state: StateDatabase) -> Iterator[psycopg.Connection[Any]]:
    """As a superuser who turns the triggers off; all that is done is undone afterwards."""
    with state.transaction() as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        yield connection


def test_an_empty_log_is_intact(state: StateDatabase) -> None:
    assert verify(state) == AuditVerdict(True, 0, GENESIS)


def test_every_entry_reads_back_as_it_was_written(state: StateDatabase) -> None:
    with state.transaction() as connection:
        audit.append(
            connection,
            NOW,
            APPROVER,
            "restore.approved",
            "recorded",
            target="inventory",
            operation_id="20261122T101500Z-7k3f",
            plan_hash="ab" * 32,
            before="awaiting_approval",
            after={"state": "queued"},
            detail={"comment": "go „ahead“", "at": NOW},
        )
        (entry,) = audit.entries(connection, 10, EVERY)
    assert (entry.position, entry.at, entry.actor, entry.action, entry.result) == (
        1,
        NOW,
        APPROVER,
        "restore.approved",
        "recorded",
    )
    assert (entry.target, entry.operation_id, entry.plan_hash) == ("inventory", "20261122T101500Z-7k3f", "ab" * 32)
    assert entry.detail == {"comment": "go „ahead“", "at": NOW.isoformat()}
    assert (entry.before, entry.after) == ("awaiting_approval", {"state": "queued"})
    assert entry.correlation_id == "20261122T101500Z-7k3f"
    assert (entry.previous_hash, verify(state).head) == (GENESIS, entry.hash)


def test_entries_are_newest_first_and_of_one_target(chain: StateDatabase) -> None:
    with chain.transaction() as connection:
        audit.append(connection, NOW, OPERATOR, "window.announce", "announced", target="billing")
        assert [entry.position for entry in audit.entries(connection, 3, EVERY)] == [13, 12, 11]
        assert [entry.position for entry in audit.entries(connection, 2, AuditFilter(target="inventory"))] == [12, 11]
        assert audit.entries(connection, 2, AuditFilter(target="nothing")) == []


def test_what_is_rolled_back_leaves_no_entry_and_no_gap(chain: StateDatabase) -> None:
    with chain.transaction() as connection:
        audit.append(connection, NOW, OPERATOR, "backup.request", "accepted")
        connection.rollback()
    append(chain, 99)
    assert (verify(chain).intact, verify(chain).entries) == (True, LENGTH + 1)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET entry = '{}' WHERE position = 3", "DELETE FROM audit WHERE position = 12", "TRUNCATE audit"],
)
def test_the_log_is_append_only_even_for_its_owner(chain: StateDatabase, statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"), chain.transaction() as connection:
        connection.execute(statement.encode())
    assert verify(chain).entries == LENGTH


def test_writers_at_once_make_one_chain(state: StateDatabase) -> None:
    begin = Barrier(8)

    def write(number: int) -> None:
        with state.transaction() as connection:
            begin.wait(20)
            audit.append(connection, NOW, OPERATOR, "backup.request", "accepted", detail={"number": number})

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(write, range(40)))
    verdict = verify(state)
    assert (verdict.intact, verdict.entries) == (True, 40)
    with state.transaction() as connection:
        numbers = [entry.detail["number"] for entry in audit.entries(connection, 100, EVERY)]
    assert sorted(numbers) == list(range(40))


# Tampering. Each kind is tried on every row that it can be tried on, or on rows that Hypothesis draws.


def change(connection: psycopg.Connection[Any], column: str, value: str, position: int) -> None:
    connection.execute(f"UPDATE audit SET {column} = %s WHERE position = %s".encode(), (value, position))


def forged(entry: str, key: str) -> str:
    """The entry with one of its values changed."""
    body = json.loads(entry)
    body[key] = body[key] + 1 if key == "position" else f"{body[key]}x"
    return canonical_json(body)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(1, LENGTH), key=st.sampled_from(KEYS))
def test_a_changed_value_is_found(chain: StateDatabase, position: int, key: str) -> None:
    with tampering(chain) as connection:
        row = connection.execute("SELECT entry FROM audit WHERE position = %s", (position,)).fetchone()
        assert row is not None
        change(connection, "entry", forged(row["entry"], key), position)
        verdict = audit.verify(connection)
    assert (verdict.intact, verdict.first_broken) == (False, position)
    assert verdict.problem == "was changed after it was written"
    assert verify(chain).intact


def test_a_changed_hash_is_found(chain: StateDatabase) -> None:
    for position, column in itertools.product(POSITIONS, ("hash", "previous_hash")):
        with tampering(chain) as connection:
            change(connection, column, "f" * 64, position)
            verdict = audit.verify(connection)
        assert (verdict.intact, verdict.first_broken) == (False, position)


def test_a_deleted_entry_is_found_by_the_next(chain: StateDatabase) -> None:
    for position in POSITIONS[:-1]:
        with tampering(chain) as connection:
            connection.execute("DELETE FROM audit WHERE position = %s", (position,))
            verdict = audit.verify(connection)
        assert (verdict.intact, verdict.first_broken) == (False, position + 1)
        assert verdict.problem == f"entry {position} is missing"


def test_a_deleted_entry_is_found_even_when_the_others_close_ranks(chain: StateDatabase) -> None:
    for position in POSITIONS[:-1]:
        with tampering(chain) as connection:
            connection.execute("DELETE FROM audit WHERE position = %s", (position,))
            connection.execute("UPDATE audit SET position = position + 1000 WHERE position > %s", (position,))
            connection.execute("UPDATE audit SET position = position - 1001 WHERE position > 1000")
            verdict = audit.verify(connection)
        assert (verdict.intact, verdict.first_broken) == (False, position)
        assert verdict.problem == "does not follow the entry before it"


def insert_after(rows: Rows, position: int) -> Rows:
    """A forged entry with a hash of its own; all later ones move up."""
    entry = rows[position - 1]["entry"].replace("accepted", "refused")
    previous = rows[position - 1]["hash"]
    added = {"position": position + 1, "entry": entry, "previous_hash": previous, "hash": link_hash(previous, entry)}
    return [*rows[:position], added, *({**row, "position": row["position"] + 1} for row in rows[position:])]


def exchange(rows: Rows, position: int) -> Rows:
    """Two neighbours in each other's place."""
    first, second = rows[position - 1], rows[position]
    swapped = [{**second, "position": position}, {**first, "position": position + 1}]
    return [*rows[: position - 1], *swapped, *rows[position + 1 :]]


def exchange_bodies(rows: Rows, position: int) -> Rows:
    """Two neighbours' entries in each other's place, with every hash from there on made anew."""
    entries = [row["entry"] for row in rows]
    entries[position - 1 : position + 1] = entries[position - 1 : position + 1][::-1]
    previous, chained = GENESIS, []
    for number, entry in enumerate(entries, 1):
        chained.append({"position": number, "entry": entry, "previous_hash": previous})
        previous = chained[-1]["hash"] = link_hash(previous, entry)
    return chained


@pytest.mark.parametrize("rewrite", [insert_after, exchange, exchange_bodies])
def test_an_added_or_moved_entry_is_found(chain: StateDatabase, rewrite: Callable[[Rows, int], Rows]) -> None:
    for position in POSITIONS[:-1]:
        with tampering(chain) as connection:
            rows: Rows = connection.execute("SELECT * FROM audit ORDER BY position").fetchall()
            connection.execute("DELETE FROM audit")
            connection.cursor().executemany(
                "INSERT INTO audit VALUES (%(position)s, %(entry)s, %(previous_hash)s, %(hash)s)",
                rewrite(rows, position),
            )
            verdict = audit.verify(connection)
        assert not verdict.intact
        assert verdict.first_broken is not None
        assert position <= verdict.first_broken <= position + 2
