"""The headline in each of its states, and its thread: what a reader must find, and nothing that Slack rejects."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.models import (
    Actor,
    CheckState,
    Decision,
    Failure,
    OperationKind,
    OperationState,
    Progress,
    StepState,
    Surface,
)
from handlers import ids
from handlers.views.operations import failure_message, headline, step_message
from tests.unit.handlers.drawn import assert_harmless, buttons, read
from tests.unit.handlers.samples import (
    APPROVER,
    BACKUP_RESULT,
    FAILURE,
    HOSTILE,
    ID,
    NOW,
    RESTORE_RESULT,
    approval,
    operation,
    plan,
    preflight,
    step,
)

BACKUP, RESTORE = OperationKind.BACKUP, OperationKind.RESTORE
STEPS = (
    step(0, "Safety backup", StepState.DONE, "29.1 MB"),
    step(1, "Load", StepState.RUNNING),
    step(2, "Swap", StepState.PENDING),
)
HALF = Progress(12_300_000, 29_100_000, 4_100_000.0, 4.1)

STATES: list[tuple[str, OperationKind, OperationState, dict[str, Any], list[str]]] = [
    ("queued", BACKUP, OperationState.QUEUED, {}, ["Backup* of `inventory` is queued", "<@U0OPERATOR>", ID]),
    (
        "running",
        BACKUP,
        OperationState.RUNNING,
        {"progress": HALF, "steps": (STEPS[1],)},
        ["42 %", "12.3 MB of about 29.1 MB", "4.1 MB/s", "about 4.1 s left", "for 4 min so far", "Load"],
    ),
    (
        "running past the estimate",
        BACKUP,
        OperationState.RUNNING,
        {"progress": Progress(31_000_000, 29_100_000, None, 0.0)},
        ["31.0 MB, more than the expected 29.1 MB"],
    ),
    (
        "running without an estimate",
        BACKUP,
        OperationState.RUNNING,
        {"progress": Progress(31_000_000, None, None, None)},
        ["31.0 MB"],
    ),
    (
        "done",
        BACKUP,
        OperationState.DONE,
        {"result": BACKUP_RESULT},
        [
            "is done",
            "29.1 MB",
            "210.0 MB",
            "7.2 s: 90.0 MB before compression, at 4.0 MB/s",
            "a1b2c3",
            "300,012 rows in 5 tables",
            "s3://bucket",
            "20261122T101000Z-9abc",
            "took 3 min",
            "cccccccccccccccc",
        ],
    ),
    (
        "done without a revision",
        BACKUP,
        OperationState.DONE,
        {"result": BACKUP_RESULT | {"revision": None}},
        ["*Revision*\nnone"],
    ),
    (
        "failed",
        BACKUP,
        OperationState.FAILED,
        {"failure": FAILURE, "steps": (step(0, "Dump", StepState.FAILED),)},
        ["failed", "What happened at “Dump”", "connection lost", "No manifest was written", "Ask again once", ID],
    ),
    ("planning", RESTORE, OperationState.PLANNING, {"reason": "Wrong update"}, ["is being planned", "Wrong update"]),
    (
        "waiting",
        RESTORE,
        OperationState.AWAITING_APPROVAL,
        {},
        ["waits for approval", "<#C0APPROVALS>", "<!date^1795344060^", "Nothing is touched before it is approved"],
    ),
    (
        "restoring",
        RESTORE,
        OperationState.RUNNING,
        {"steps": STEPS, "progress": HALF},
        ["step 2 of 3", "✅ Safety backup · 1 min", "⏳ Load", "○ Swap", "42 %"],
    ),
    (
        "restored",
        RESTORE,
        OperationState.DONE,
        {"result": RESTORE_RESULT, "steps": STEPS},
        [
            "*Downtime*\n3.4 s",
            "20261122T101000Z-9abc",
            "`inventory__old_7k3f`, kept until <!date^",
            "HTTP 200",
            "300,012 rows in 5 tables: counts and digests equal",
        ],
    ),
    (
        "old database removed",
        RESTORE,
        OperationState.DONE,
        {"result": {**RESTORE_RESULT, "aside_removed_at": NOW.isoformat()}, "steps": STEPS},
        ["`inventory__old_7k3f`, removed <!date^"],
    ),
    (
        "restore failed",
        RESTORE,
        OperationState.FAILED,
        {"failure": FAILURE, "steps": (STEPS[0], step(1, "Load", StepState.FAILED), STEPS[2])},
        ["❌ Load", "✅ Safety backup"],
    ),
    ("denied", RESTORE, OperationState.DENIED, {}, ["was denied"]),
    ("expired", RESTORE, OperationState.EXPIRED, {}, ["nobody decided in time"]),
    ("voided", RESTORE, OperationState.VOIDED, {"failure": FAILURE}, ["was voided", "connection lost"]),
    ("cancelled", RESTORE, OperationState.CANCELLED, {}, ["was cancelled"]),
]


@pytest.mark.parametrize(("_name", "kind", "state", "changes", "found"), STATES, ids=[case[0] for case in STATES])
def test_a_headline_tells(
    _name: str, kind: OperationKind, state: OperationState, changes: dict[str, Any], found: list[str]
) -> None:
    message = headline(operation(kind, state, **changes), NOW, plan(), "C0APPROVALS")
    told = read(message)
    for words in found:
        assert words in told
    assert "inventory" in message.text


def test_a_headline_names_who_denied_it_and_why() -> None:
    denied = [approval(Decision.DENIED, "the report runs")]
    message = headline(operation(RESTORE, OperationState.DENIED), NOW, plan(), "C0APPROVALS", denied)
    assert "was denied by <@U0APPROVER>: the report runs" in message.text
    assert "Denied by <@U0APPROVER>" in read(message)


def test_a_headline_names_who_called_off_what_waited() -> None:
    cancelled = operation(RESTORE, OperationState.CANCELLED, cancel_asked_by=APPROVER)
    message = headline(cancelled, NOW, plan(), "C0APPROVALS")
    assert "was cancelled by <@U0APPROVER>" in message.text
    assert "`inventory` was cancelled by <@U0APPROVER>" in read(message)
    ran = headline(replace(cancelled, failure=Failure("Cancelled by Ada.", "", "")), NOW)
    assert read(ran).count("by ") == 3, "who asked, and once in each of text and blocks"


@pytest.mark.parametrize(("state", "offered"), [(OperationState.VOIDED, True), (OperationState.DENIED, False)])
def test_what_came_to_nothing_can_be_asked_again(state: OperationState, offered: bool) -> None:
    message = headline(operation(RESTORE, state), NOW, plan())
    assert (ids.ASK_AGAIN in buttons(message.blocks)) is offered


def test_every_state_has_a_headline() -> None:
    assert {case[2] for case in STATES} == set(OperationState)


def test_progress_is_in_the_notification_too() -> None:
    message = headline(operation(BACKUP, OperationState.RUNNING, progress=HALF), NOW)
    assert message.text == "Backup of inventory is running: 42 %"


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([CheckState.PASSED], "*Ready*"),
        ([CheckState.PASSED, CheckState.WARNING], "*Ready, with warnings*"),
        ([CheckState.WARNING, CheckState.UNKNOWN], "*Not known to be ready*"),
        ([CheckState.UNKNOWN, CheckState.FAILED], "*Not ready*"),
    ],
)
def test_a_preflight_tells_its_verdict_and_each_check(states: list[CheckState], verdict: str) -> None:
    told = read(headline(preflight(*states), NOW))
    assert verdict in told
    assert told.count("backup is 2 h old") == len(states)
    remedies = sum(state is not CheckState.PASSED for state in states)
    assert told.count("→ Do something.") == remedies


def test_a_headline_of_hostile_words_is_harmless() -> None:
    failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    steps = (step(0, HOSTILE, StepState.DONE, HOSTILE), step(1, HOSTILE, StepState.FAILED))
    failed = operation(RESTORE, OperationState.FAILED, failure=failure, steps=steps, reason=HOSTILE)
    for message in (headline(failed, NOW), failure_message(failed), step_message(failed, steps[0])):
        read(message)
        assert_harmless(message.blocks)
        assert "<!channel" not in message.text


def test_a_headline_of_endless_words_still_fits() -> None:
    endless = "word & " * 5000
    failure = Failure(endless, endless, endless, endless)
    steps = tuple(step(n, endless, StepState.DONE, endless) for n in range(30))
    failed = operation(RESTORE, OperationState.FAILED, failure=failure, steps=steps, reason=endless)
    for message in (headline(failed, NOW), failure_message(failed), step_message(failed, steps[0])):
        assert len(read(message)) < 13_200
    result = BACKUP_RESULT | {"location": endless, "revision": endless}
    read(headline(operation(BACKUP, OperationState.DONE, result=result), NOW))


@pytest.mark.parametrize(
    ("actor", "shown"),
    [
        (Actor("schedule", "the schedule", Surface.SCHEDULE), "Asked by the schedule"),
        (Actor("cli:root", "root", Surface.CLI), "Asked by root (command line)"),
        (Actor("not an id", "<!here>"), "Asked by &lt;!here&gt;"),
    ],
)
def test_whoever_asked_is_named(actor: Actor, shown: str) -> None:
    assert shown in read(headline(operation(BACKUP, OperationState.QUEUED, requester=actor), NOW))


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (StepState.RUNNING, "⏳ *Load*"),
        (StepState.DONE, "✅ *Load* · 1 min\n29.1 MB"),
        (StepState.FAILED, "❌ *Load*"),
        (StepState.SKIPPED, "➖ *Load* was skipped"),
        (StepState.PENDING, "○ *Load*"),
    ],
)
def test_a_step_tells(state: StepState, found: str) -> None:
    assert found in read(step_message(operation(RESTORE, OperationState.RUNNING), step(1, "Load", state, "29.1 MB")))


def test_a_failure_shows_the_end_of_what_the_tools_said() -> None:
    said = "x" * 9000 + "\npg_dump: error: ``` the last line"
    failed = operation(BACKUP, OperationState.FAILED, failure=replace(FAILURE, details=said))
    told = read(failure_message(failed))
    assert "ˋˋˋ the last line\n```" in told
    quiet = operation(BACKUP, OperationState.FAILED, failure=replace(FAILURE, details=""))
    assert "They said nothing." in read(failure_message(quiet))


def test_time_runs_in_a_running_headline() -> None:
    running = operation(BACKUP, OperationState.RUNNING)
    assert "for 5 min so far" in read(headline(running, NOW + timedelta(minutes=1)))
