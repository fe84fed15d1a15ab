"""The daily report, the audit log page by page, and signing off, through Bolt's own dispatch."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from bot.errors import Conflict, NotFound
from bot.models import Actor, AuditFilter, Operation, OperationState, RestoreRequest, Surface
from bot.settings import ReportSettings, Settings
from bot.store import audit, reports
from handlers import ids
from tests.handlers.conftest import (
    APPROVER,
    DEVELOPER,
    OPERATOR,
    OPS,
    REFERENCE,
    SECOND,
    Desk,
    MakeDesk,
    button,
    words_of,
)
from tests.support import Database, eventually

SHELL = Actor("cli:olive", "olive", Surface.CLI)


def answers(desk: Desk, user: str = OPERATOR) -> list[dict[str, Any]]:
    return [message for message in desk.person.messages(OPS, user) if message["ephemeral"]]


# The report.


@pytest.fixture
def due(settings: Settings) -> Settings:
    """The report is due all day long."""
    return settings.model_copy(update={"report": ReportSettings(at=time(0))})


def test_the_daily_report_is_one_message_in_the_operations_channel(make_desk: MakeDesk, due: Settings) -> None:
    desk = make_desk(due)
    three_days_ago = desk.services.clock.now() - timedelta(days=3)
    with desk.house.context.database.transaction() as connection:
        reports.insert(connection, three_days_ago.date(), three_days_ago, None)
    assert desk.services.reports.advance()
    assert not desk.services.reports.advance()
    desk.draw()
    (post,) = desk.posts()
    for words in (
        "*Daily report*: 1 of 1 target needs a person",
        "❌ *`inventory`* no backup; the RPO is 1 d",
        "❓ The target is watched: no sweep in the last 3 minutes",
        "❓ The audit log is whole: its head was not exported for inventory yet",
    ):
        assert words in words_of(post)


def test_whoever_asks_for_the_report_alone_sees_how_things_are_now(desk: Desk) -> None:
    assert "❌ *Daily report*: 1 of 1 target needs a person" in desk.ask("report")
    desk.ask("backup")
    desk.run(desk.latest().id)
    told = desk.ask("report")
    assert "backup just now, RPO 1 d · never drilled · 1 taken · nothing is scheduled" in told
    (done,) = desk.services.audit.entries(wanted=AuditFilter(action="backup.run"))
    assert (done.before, done.after, done.correlation_id) == ("running", "done", desk.latest().id)
    assert "“now” is more than this command takes" in desk.ask("report now")
    assert all("Daily report" not in words_of(post) for post in desk.posts())


# The audit log.


def write(desk: Desk, actor: Actor, action: str, count: int = 1, target: str = "inventory") -> None:
    with desk.house.context.database.transaction() as connection:
        for _ in range(count):
            audit.append(connection, desk.services.clock.now(), actor, action, "recorded", target=target)


def shown(desk: Desk) -> list[int]:
    """The positions on the newest page."""
    starts = (line.split(". ")[0] for line in words_of(answers(desk)[-1]).splitlines())
    return [int(start) for start in starts if start.isdecimal()]


def press(desk: Desk, action_id: str) -> None:
    desk.person.action(OPERATOR, OPS, answers(desk)[-1]["ts"], action_id)


def test_the_log_is_turned_page_by_page_in_place(desk: Desk) -> None:
    write(desk, Actor(OPERATOR, "Olive Operator"), "backup.request", 45)
    desk.ask("audit")
    assert shown(desk) == list(range(45, 25, -1))
    count = len(answers(desk))
    press(desk, ids.AUDIT_OLDER)
    eventually(lambda: shown(desk) == list(range(25, 5, -1)))
    press(desk, ids.AUDIT_OLDER)
    eventually(lambda: shown(desk) == list(range(5, 0, -1)))
    assert button(answers(desk)[-1], ids.AUDIT_OLDER) is None
    press(desk, ids.AUDIT_NEWEST)
    eventually(lambda: shown(desk)[0] == 45)
    assert len(answers(desk)) == count, "the same message"


def test_the_log_is_filtered_by_person_time_kind_and_target(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    write(desk, Actor(OPERATOR, "Olive Operator"), "backup.request")
    write(desk, Actor(APPROVER, "Ada Approver"), "restore.approved")
    write(desk, SHELL, "restore.break_glass", target="billing")
    for asked, positions in {
        "audit by @Ada": [2],
        "audit by olive": [3, 1],
        f"audit by <@{APPROVER}|ada>": [2],
        "audit what restore since 1h": [3, 2],
        "audit what approved": [2],
        "audit billing what restore": [3],
        "audit since 2020-01-01 by Olive Operator": [1],
        "audit inventory what drill": [],
    }.items():
        desk.ask(asked)
        assert shown(desk) == positions, asked
    assert "No entry matches" in words_of(answers(desk)[-1])
    assert "“by” needs a word behind it" in desk.ask("audit by")


def test_what_is_done_in_slack_carries_the_reference_of_the_log(desk: Desk) -> None:
    desk.ask("backup")
    (entry,) = desk.services.audit.entries()
    assert (entry.action, entry.actor.id, entry.correlation_id) == ("backup.request", OPERATOR, REFERENCE)
    assert (entry.before, entry.after, entry.operation_id) == (None, "queued", desk.latest().id)


# Signing off.


@pytest.fixture
def broken(make_desk: MakeDesk, settings: Settings, target: Database) -> tuple[Desk, Operation]:
    """Ada, at the shell as olive, has restored without approval; it is told in the channel."""
    slack = settings.slack.model_copy(update={"shell_users": {"olive": APPROVER}})
    desk = make_desk(settings.model_copy(update={"slack": slack}))
    desk.run(desk.services.backups.request("inventory", SHELL).id)
    request = RestoreRequest("inventory", "latest", "bad deploy", target.name)
    operation = desk.services.restores.request(request, SHELL, deferred=False)
    desk.run(operation.id)
    desk.services.approvals.break_glass(operation.id, SHELL, go=True)
    with pytest.raises(Conflict, match="did not break the glass"):
        desk.services.sign_offs.sign(operation.id, Actor(SECOND, "Sam"))
    assert desk.run(operation.id).state is OperationState.DONE
    desk.draw()
    return desk, operation


def post_of(desk: Desk, operation: Operation) -> dict[str, Any]:
    """The headline of the operation."""
    return next(
        post for post in desk.posts() if operation.id in words_of(post) and post.get("thread_ts") in (None, post["ts"])
    )


def refused(desk: Desk, user: str, ts: str) -> str:
    """What is told to somebody who may not sign off."""
    seen = len(answers(desk, user))
    desk.person.action(user, OPS, ts, ids.SIGN_OFF)
    eventually(lambda: len(answers(desk, user)) > seen)
    return words_of(answers(desk, user)[-1])


def test_break_glass_is_signed_off_by_another_approver_once(broken: tuple[Desk, Operation]) -> None:
    desk, operation = broken
    assert "restore of `inventory` is done, by olive (command line)".lower() in desk.ask("report").lower()
    post = post_of(desk, operation)
    offered = button(post, ids.SIGN_OFF)
    assert offered is not None
    assert "it was not you who did it" in offered["confirm"]["text"]["text"]
    for user, words in {
        DEVELOPER: "you are not on the list of approvers",
        OPERATOR: "you are not on the list of approvers",
        APPROVER: "nobody signs off what they did themselves",
    }.items():
        assert words in refused(desk, user, post["ts"])
    desk.person.action(SECOND, OPS, post["ts"], ids.SIGN_OFF)
    eventually(lambda: "signed_off" in desk.services.overview.operation(operation.id).result)
    desk.draw()
    post = post_of(desk, operation)
    assert f"Signed off by <@{SECOND}>" in words_of(post)
    assert button(post, ids.SIGN_OFF) is None
    with pytest.raises(Conflict, match="signed off already"):
        desk.services.sign_offs.sign(operation.id, Actor(SECOND, "Sam"))
    entries = desk.services.audit.entries(wanted=AuditFilter(action="sign_off"))
    assert [(entry.actor.id, entry.result) for entry in entries] == [
        (SECOND, "recorded"),
        (APPROVER, "refused"),
        (OPERATOR, "refused"),
        (DEVELOPER, "refused"),
    ]
    signed = entries[0]
    assert (signed.before, signed.after, signed.correlation_id) == ("unsigned", "signed off", REFERENCE)
    assert signed.plan_hash == desk.services.overview.operation(operation.id).plan_hash
    assert (signed.detail["done_by"], signed.detail["known_in_slack_as"]) == (SHELL.id, APPROVER)
    assert desk.services.reports.now().unsigned == ()


def test_what_did_not_break_the_glass_is_not_signed_off(desk: Desk) -> None:
    desk.ask("backup")
    with pytest.raises(Conflict, match="did not break the glass"):
        desk.services.sign_offs.sign(desk.latest().id, Actor(SECOND, "Sam"))
    with pytest.raises(NotFound):
        desk.services.sign_offs.sign("20261122T101500Z-none", Actor(SECOND, "Sam"))
