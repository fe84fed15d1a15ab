"""`baseliner restore`: break-glass, with the database's name typed. And Ctrl-C, after which nothing goes on."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from bot.models import Operation, OperationKind, OperationState
from tests.house import TARGET, Rig
from tests.integration.cli.shell import DONE, FAILED, REFUSED, USAGE, argv, baseliner, environment
from tests.settings_file import settings_file
from tests.support import eventually


@pytest.fixture
def lost(rig: Rig) -> Rig:
    """There is a backup, and its data is lost since."""
    rig.backup()
    rig.execute("UPDATE devices SET name = 'lost'")
    return rig


def newest(rig: Rig, kind: OperationKind = OperationKind.RESTORE) -> Operation:
    (status,) = rig.services.overview.targets()
    return next(operation for operation in status.recent if operation.kind is kind)


def assert_untouched(rig: Rig) -> None:
    assert rig.value("SELECT count(*) FROM devices WHERE name = 'lost'") == 50
    assert rig.databases() == [""]
    assert rig.application.log == []
    assert len(rig.backup_ids()) == 1


def test_a_restore_is_confirmed_by_the_databases_name_and_audited_as_break_glass(lost: Rig) -> None:
    answer = baseliner(
        lost, "restore", TARGET, "latest", "--reason", "bad deploy", "--confirm", lost.target.name, "--json"
    )
    assert answer.code == DONE, answer.err
    assert (answer.document["state"], answer.document["rows"]) == ("done", 131)
    assert lost.value("SELECT count(*) FROM devices WHERE name LIKE 'old %'") == 50
    assert f"replace database {lost.target.name} of target {TARGET}" in answer.err
    actions = [entry.action for entry in lost.services.audit.entries(4)]
    assert actions == ["restore.run", "restore.break_glass", "restore.plan", "restore.request"]
    (unsigned,) = lost.services.reports.now().unsigned
    assert (unsigned.operation_id, unsigned.reason) == (answer.document["operation_id"], "bad deploy")
    assert unsigned.done_by.surface == "cli"


def test_a_copy_under_a_new_name_replaces_nothing(lost: Rig) -> None:
    copy = f"{lost.target.name}_copy"
    answer = baseliner(
        lost, "restore", TARGET, "latest", "--as", copy, "--reason", "to look", "--confirm", lost.target.name
    )
    assert answer.code == DONE, answer.err
    assert f"make the database {copy} on the server of {lost.target.name}" in answer.err
    assert f"of inventory is the database {copy}: 131 rows equal" in answer.out
    assert lost.value("SELECT count(*) FROM devices WHERE name = 'lost'") == 50


def test_reason_and_name_can_be_typed_and_stdout_stays_one_document(lost: Rig) -> None:
    answer = baseliner(lost, "restore", TARGET, "latest", "--json", typed=f"bad deploy\n{lost.target.name}\n")
    assert answer.code == DONE, answer.err
    assert answer.document["state"] == "done"
    assert newest(lost).reason == "bad deploy"


@pytest.mark.parametrize("typed", ["inventory\n", "\n", ""], ids=["another name", "nothing", "end of input"])
def test_without_the_name_it_is_refused_and_nothing_is_touched(lost: Rig, typed: str) -> None:
    answer = baseliner(lost, "restore", TARGET, "latest", "--reason", "bad deploy", "--json", typed=typed)
    assert answer.code == REFUSED, answer.err
    assert answer.error["kind"] == "Refused"
    assert answer.error["remedy"] == f"Type {lost.target.name}, exactly."
    assert newest(lost).state is OperationState.CANCELLED
    assert_untouched(lost)


def test_a_backup_that_does_not_exist_is_a_usage_error(lost: Rig) -> None:
    answer = baseliner(lost, "restore", TARGET, "20200101T000000Z-aaaa", "--reason", "bad deploy", "--json")
    assert (answer.code, answer.error["kind"]) == (USAGE, "NotFound")
    assert_untouched(lost)


# Ctrl-C.


@contextmanager
def waiting_for(rig: Rig, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command whose dump waits for a locked table."""
    with psycopg.connect(rig.target.dsn) as connection:
        connection.execute("LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(
            argv(settings_file(rig), *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(rig),
        ) as process:
            try:
                query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND state = 'active'"
                eventually(lambda: rig.value(query) or process.poll() is not None, 30)
                yield process
            finally:
                process.kill()
        connection.rollback()


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C and wait; what was said on stderr."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (FAILED, ""), err
    return err


def test_ctrl_c_ends_a_backup_and_cleans_up(rig: Rig) -> None:
    with waiting_for(rig, "backup", TARGET) as process:
        err = interrupt(process)
    assert "Interrupted: stopped at the shell" in err
    assert "storage was cleaned" in err
    assert rig.objects() == []
    assert newest(rig, OperationKind.BACKUP).state is OperationState.FAILED, "no worker takes it up later"


def test_ctrl_c_before_anything_was_stopped_ends_a_restore_for_good(lost: Rig) -> None:
    arguments = ("restore", TARGET, "latest", "--reason", "bad deploy", "--confirm", lost.target.name)
    with waiting_for(lost, *arguments) as process:
        err = interrupt(process)
    assert "no service was touched" in err
    assert newest(lost).state is OperationState.FAILED, "no worker takes it up later"
    assert_untouched(lost)


def test_ctrl_c_while_another_operation_holds_the_target_cancels_what_waits(rig: Rig) -> None:
    with rig.holding(f"baseliner:target:{TARGET}"):
        process = subprocess.Popen(
            argv(settings_file(rig), "backup", TARGET),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(rig),
        )
        eventually(lambda: rig.state("SELECT count(*) FROM operations"), 30)
        interrupt(process)
    assert newest(rig, OperationKind.BACKUP).state is OperationState.CANCELLED
