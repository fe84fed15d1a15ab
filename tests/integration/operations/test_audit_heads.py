"""Exported heads on real storages: what the chain alone cannot show is found by them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from bot.canonical import canonical_json
from bot.errors import BaselinerError
from bot.models import AuditFilter
from bot.operations.audit_heads import Verification
from bot.store import audit
from bot.store.audit import GENESIS, link_hash
from tests.house import OPERATOR, TARGET, Rig

LENGTH = 12


def write(rig: Rig, count: int) -> None:
    for number in range(count):
        with rig.house.context.database.transaction() as connection:
            audit.append(connection, rig.clock.now(), OPERATOR, "backup.request", "accepted", detail={"n": number})


def export(rig: Rig) -> None:
    found = rig.house.work.audit_heads.export(TARGET)
    assert found.problem == ""


@pytest.fixture
def exported(rig: Rig) -> Rig:
    """Two days of twelve entries, each with its head in storage, and three entries since."""
    for _ in range(2):
        write(rig, LENGTH)
        export(rig)
        rig.clock.move(days=1)
    write(rig, 3)
    return rig


@contextmanager
def tampering(rig: Rig) -> Iterator[psycopg.Connection[Any]]:
    """As a superuser who turns the triggers off."""
    with psycopg.connect(rig.state_dsn) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        yield connection


def rewrite(connection: psycopg.Connection[Any], first: int) -> None:
    """Another entry at this position, and all hashes from there on made anew: a chain that is whole by itself."""
    rows = connection.execute("SELECT position, entry, hash FROM audit ORDER BY position").fetchall()
    previous = GENESIS
    for position, entry, kept in rows:
        if position < first:
            previous = kept
            continue
        body = json.loads(entry)
        if position == first:
            body["actor"]["name"] = "Somebody Else"
        text = canonical_json(body)
        now = link_hash(previous, text)
        connection.execute(
            "UPDATE audit SET entry = %s, previous_hash = %s, hash = %s WHERE position = %s",
            (text, previous, now, position),
        )
        previous = now


def verified(rig: Rig) -> Verification:
    return rig.services.audit_heads.verify()


def test_a_whole_log_matches_all_its_heads(exported: Rig) -> None:
    found = verified(exported)
    (heads,) = found.heads
    assert found.holds
    assert (heads.storage, heads.compared, heads.problem) == ("offsite", 2, "")
    assert heads.newest is not None
    assert (heads.newest.day, heads.newest.position) == ("2026-11-23", 2 * LENGTH)
    document = json.loads((exported.directory / "backups" / "_audit" / "2026-11-22.json").read_bytes())
    hash_then = exported.state(f"SELECT hash FROM audit WHERE position = {LENGTH}")
    assert (document["position"], document["hash"], document["day"]) == (LENGTH, hash_then, "2026-11-22")


@pytest.mark.parametrize(("keep", "first_broken"), [(0, 1), (11, 1), (12, 13), (23, 13), (24, None), (26, None)])
def test_a_log_whose_end_was_cut_off_is_found_up_to_its_newest_head(
    exported: Rig, keep: int, first_broken: int | None
) -> None:
    with tampering(exported) as connection:
        connection.execute("DELETE FROM audit WHERE position > %s", (keep,))
    found = verified(exported)
    assert found.chain.intact, "the chain alone does not show it"
    assert (found.holds, found.first_broken) == (first_broken is None, first_broken)
    assert ("the log's end was cut off" in found.heads[0].problem) is (first_broken is not None)


@pytest.mark.parametrize(("first", "first_broken"), [(1, 1), (12, 1), (13, 13), (24, 13), (25, None)])
def test_a_log_that_was_written_anew_is_found_up_to_its_newest_head(
    exported: Rig, first: int, first_broken: int | None
) -> None:
    with tampering(exported) as connection:
        rewrite(connection, first)
    found = verified(exported)
    assert found.chain.intact, "the chain alone does not show it"
    assert (found.holds, found.first_broken) == (first_broken is None, first_broken)


def test_no_head_is_exported_of_a_log_that_its_former_heads_belie(exported: Rig) -> None:
    with tampering(exported) as connection:
        rewrite(connection, 13)
    found = exported.house.work.audit_heads.export(TARGET)
    assert "the log was rewritten" in found.problem
    last = exported.services.audit_heads.last()[TARGET]
    assert (last.problem, last.ran_at) == (found.problem, found.ran_at)
    assert last.head is not None
    assert last.head.day == "2026-11-23", "the last that was exported is remembered"
    (heads,) = verified(exported).heads
    assert heads.compared == 2


def test_a_broken_chain_is_not_exported_either(exported: Rig) -> None:
    with tampering(exported) as connection:
        connection.execute("DELETE FROM audit WHERE position = 25")
    assert "broken at entry 26" in exported.house.work.audit_heads.export(TARGET).problem


def test_a_days_head_is_never_written_over(exported: Rig) -> None:
    exported.clock.move(days=-1)
    before = (exported.directory / "backups" / "_audit" / "2026-11-23.json").read_bytes()
    found = exported.house.work.audit_heads.export(TARGET)
    assert found.head is not None
    assert found.head.position == 2 * LENGTH, "the one that is there"
    assert (exported.directory / "backups" / "_audit" / "2026-11-23.json").read_bytes() == before


def test_a_storage_that_cannot_be_read_is_said_and_is_not_green(exported: Rig) -> None:
    shutil.move(exported.directory / "backups", exported.directory / "unmounted")
    found = verified(exported)
    assert (found.holds, found.first_broken, found.chain.intact) == (False, None, True)
    assert "cannot be read" in found.heads[0].problem
    failed = exported.house.work.audit_heads.export(TARGET)
    assert "does not exist. Create it, or mount the disk" in failed.problem
    exported.clock.move(minutes=61)
    shutil.move(exported.directory / "unmounted", exported.directory / "backups")
    export(exported)


def test_a_head_that_was_taken_away_is_not_green(exported: Rig) -> None:
    (exported.directory / "backups" / "_audit" / "2026-11-23.json").unlink()
    found = verified(exported)
    assert (found.holds, found.chain.intact) == (False, True)
    assert found.heads[0].problem == "the head of 2026-11-23 was exported there, and is gone"


def test_another_first_storage_begins_without_heads(exported: Rig) -> None:
    (exported.directory / "elsewhere").mkdir()
    storage = {
        **exported.setup.document["storage"],
        "new": {"type": "directory", "path": str(exported.directory / "elsewhere")},
    }
    with exported.rebuilt(exported.setup.with_storage(storage).changed(storage=["new", "offsite"])) as moved:
        assert verified(moved).holds
        export(moved)
        assert verified(moved).heads[0].compared == 1


def test_a_head_that_cannot_be_understood_is_not_green(exported: Rig) -> None:
    (exported.directory / "backups" / "_audit" / "2026-11-22.json").write_text("{}")
    assert "cannot be understood" in verified(exported).heads[0].problem


def test_a_log_that_cannot_be_read_says_how_to_find_out_why(exported: Rig) -> None:
    for text in ("{}", "no JSON"):
        with tampering(exported) as connection:
            connection.execute("UPDATE audit SET entry = %s WHERE position = 27", (text,))
        for wanted in (AuditFilter(), AuditFilter(action="backup")):
            if text == "{}" and wanted.action:
                continue  # what has no action is not asked for
            with pytest.raises(BaselinerError, match="is not as Baseliner writes them") as raised:
                exported.services.audit.entries(wanted=wanted)
            assert raised.value.remedy == "Find it: baseliner audit verify"
        assert verified(exported).first_broken == 27


def test_an_empty_log_has_no_head_and_holds(rig: Rig) -> None:
    export(rig)
    assert rig.services.audit_heads.last()[TARGET].head is None
    assert verified(rig).holds
    assert rig.objects() == []


def test_heads_in_s3_are_no_backups_and_stay_when_those_go(s3_rig: Rig) -> None:
    s3_rig.backup()
    export(s3_rig)
    assert "baseliner/_audit/2026-11-22.json" in s3_rig.objects()
    (found,) = verified(s3_rig).heads
    assert (found.compared, found.problem) == (1, "")
    newest = s3_rig.backup_ids()[-1]
    with s3_rig.rebuilt(s3_rig.setup.changed(retention={"last": 1})) as keeping:
        keeping.clock.move(hours=1)
        keeping.backup()
        keeping.house.work.pruning.prune(TARGET)
    assert newest not in s3_rig.backup_ids()
    assert "baseliner/_audit/2026-11-22.json" in s3_rig.objects()


def test_targets_that_share_a_storage_share_its_heads(rig: Rig) -> None:
    document = rig.setup.document
    both = {TARGET: document["targets"][TARGET], "billing": document["targets"][TARGET]}
    with rig.rebuilt(type(rig.setup)({**document, "targets": both}, {})) as wide:
        write(wide, 2)
        first, second = (wide.house.work.audit_heads.export(name) for name in both)
        assert first.head == second.head
        (found,) = verified(wide).heads
        assert found.compared == 1


def test_the_next_day_has_its_own(exported: Rig) -> None:
    export(exported)
    exported.clock.move(days=1)
    write(exported, 1)
    export(exported)
    assert exported.services.audit_heads.last()[TARGET].ran_at == exported.clock.now()
    assert verified(exported).heads[0].compared == 4
