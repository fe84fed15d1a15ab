"""The pre-deploy checklist, on a real database and a real Alembic history."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.models import Checklist, CheckState, OperationState, WindowRequest
from bot.operations.checklists import checklist_of
from tests.house import OPERATOR, STRANGER, TARGET, Rig

PASSED, WARNING, FAILED, UNKNOWN = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
ALEMBIC = [sys.executable, "-m", "alembic"]
REVISIONS = {"0001": None, "0002": "0001", "0003": "0002"}
"""Of the code, each with the one before it; the database is at 0002."""


@contextmanager
def deployed(rig: Rig, revisions: dict[str, str | None]) -> Iterator[Rig]:
    """The same house, told where code with these revisions is."""
    folder = rig.directory / "code"
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n")
    for revision, parent in revisions.items():
        write_revision(folder / "migrations" / "versions" / f"{revision}.py", revision, parent)
    migrations = {"heads": [*ALEMBIC, "heads"], "history": [*ALEMBIC, "history"], "directory": str(folder)}
    with rig.rebuilt(rig.setup.changed(migrations=migrations)) as other:
        yield other


def write_revision(path: Path, revision: str, parent: str | None) -> None:
    path.write_text(f'"""change {revision}"""\n\nrevision = "{revision}"\ndown_revision = {parent!r}\n')


BESIDE = "the backups lie on the database's own host (offsite): what takes one takes both"


def preflight(rig: Rig) -> Checklist:
    ended = rig.run(rig.services.preflights.request(TARGET, OPERATOR))
    assert ended.failure is None, ended.failure
    checklist = checklist_of(ended)
    assert checklist is not None
    return checklist


def found(checklist: Checklist) -> dict[str, tuple[CheckState, str]]:
    return {check.name: (check.state, check.summary) for check in checklist.checks}


def announce_window(rig: Rig) -> None:
    now = rig.clock.now()
    rig.services.windows.announce(
        WindowRequest(TARGET, now + timedelta(hours=1), now + timedelta(hours=2), "deploy"), OPERATOR
    )


def test_all_is_well_and_the_pending_revision_is_named(rig: Rig) -> None:
    backup_id = rig.backup().result["backup_id"]
    announce_window(rig)
    with deployed(rig, REVISIONS) as other:
        checklist = preflight(other)
    assert found(checklist) == {
        "backup_age": (PASSED, f"{backup_id} is 0 s old; the RPO is 1 d"),
        "off_host": (WARNING, BESIDE),
        "alembic_heads": (PASSED, "head 0003"),
        "revision": (PASSED, "at 0002; 1 pending: 0003 change 0003"),
        "window": (PASSED, "starts 2026-11-22 11:15 UTC (" + rig.services.windows.upcoming()[0].id + ")"),
    }


def test_a_migration_without_a_window_is_a_warning_and_none_needs_none(rig: Rig) -> None:
    rig.backup()
    with deployed(rig, REVISIONS) as other:
        assert found(preflight(other))["window"] == (WARNING, "none announced")
        other.execute("UPDATE alembic_version SET version_num = '0003'")
        checklist = preflight(other)
    assert found(checklist)["revision"] == (PASSED, "at the head, 0003; nothing pending")
    assert found(checklist)["window"] == (PASSED, "none announced, and nothing to migrate")


def test_two_heads_fail(rig: Rig) -> None:
    with deployed(rig, {**REVISIONS, "0003b": "0002"}) as other:
        checks = found(preflight(other))
    assert checks["alembic_heads"] == (FAILED, "heads 0003, 0003b")


def test_a_revision_that_the_code_does_not_know_fails(rig: Rig) -> None:
    rig.execute("UPDATE alembic_version SET version_num = '0009'")
    with printing(rig, heads="0003 (head)", history="0002 -> 0003 (head), change\n<base> -> 0002, change") as other:
        checks = found(preflight(other))
    assert checks["revision"] == (FAILED, "revision 0009 is not in the code's history")


def test_without_a_history_what_is_pending_is_unknown(rig: Rig) -> None:
    with printing(rig, heads="0003 (head)") as other:
        checks = found(preflight(other))
    assert checks["alembic_heads"] == (PASSED, "head 0003")
    assert checks["revision"] == (UNKNOWN, "at 0002, not the head; pending revisions cannot be named")


@contextmanager
def printing(rig: Rig, **printed: str) -> Iterator[Rig]:
    """The same house, whose commands print this."""
    migrations = {name: ["/bin/echo", text] for name, text in printed.items()}
    with rig.rebuilt(rig.setup.changed(migrations=migrations)) as other:
        yield other


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        (["/bin/sh", "-c", "echo 'cannot import env' >&2; exit 3"], "ended with exit code 3: cannot import env"),
        (["/nowhere/alembic", "heads"], "could not be started"),
    ],
)
def test_a_command_that_fails_makes_it_unknown_and_blocks(rig: Rig, heads: list[str], words: str) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.changed(migrations={"heads": heads})) as other:
        checklist = preflight(other)
    checks = found(checklist)
    for name in ("alembic_heads", "revision"):
        state, summary = checks[name]
        assert state is UNKNOWN
        assert words in summary
    assert (checks["backup_age"][0], checklist.verdict, checklist.verdict.blocks) == (PASSED, UNKNOWN, True)


def test_a_database_out_of_reach_is_unknown(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.changed(dsn=rig.target.cluster.dsn("nowhere"))) as other:
        checklist = preflight(other)
    assert found(checklist)["revision"][0] is UNKNOWN
    assert checklist.verdict is UNKNOWN


def test_without_migrations_in_the_settings_it_says_what_to_set(rig: Rig) -> None:
    checklist = preflight(rig)
    assert found(checklist)["alembic_heads"] == (
        UNKNOWN,
        "could not be checked: No [targets.….migrations] in the settings.",
    )
    assert checklist.checks[1].remedy == "Name the command that prints the heads."


def test_anybody_may_ask_and_a_failed_check_is_a_finished_preflight(rig: Rig) -> None:
    ended = rig.run(rig.services.preflights.request(TARGET, STRANGER, "C0TEAM"))
    assert (ended.state, ended.channel) == (OperationState.DONE, "C0TEAM")
    checklist = checklist_of(ended)
    assert checklist is not None
    assert found(checklist)["backup_age"] == (FAILED, "there is no backup yet")
    assert checklist.verdict is FAILED
    assert [step.detail for step in ended.steps] == ["failed"]


def test_it_runs_beside_an_operation_that_holds_the_target(rig: Rig) -> None:
    with rig.holding(f"baseliner:target:{TARGET}"):
        assert preflight(rig).target == TARGET
