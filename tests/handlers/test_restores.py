"""Asking for a restore, the card, and who may say yes."""

from typing import Any

import pytest

from bot.models import Operation, OperationState
from bot.runtime.stop import StopSignal
from bot.settings import Settings
from handlers import ids
from tests.handlers.conftest import (
    APPROVALS,
    APPROVER,
    DEVELOPER,
    OPERATOR,
    SECOND,
    Desk,
    MakeDesk,
    button,
    words_of,
)
from tests.support import Database, eventually


@pytest.fixture
def backed_up(desk: Desk) -> Desk:
    """With one backup in the catalog."""
    desk.ask("backup")
    assert desk.run(desk.latest().id).state is OperationState.DONE
    return desk


def fill(desk: Desk, target: Database, user: str = OPERATOR, **changes: str) -> dict[str, Any]:
    """Submit the dialog, with the newest backup unless `changes` say otherwise."""
    newest = desk.services.backups.get("inventory", "latest")
    values = {"backup": newest.id, "reason": "Wrong bulk update", "confirmation": target.name} | changes
    return desk.person.submit(user, desk.modal(user)["id"], values)


def ask(desk: Desk, target: Database, user: str = OPERATOR) -> Operation:
    """A restore whose plan waits for approval, its card drawn."""
    desk.type("restore", user=user)
    fill(desk, target, user)
    operation = desk.latest()
    desk.house.work.runner.run(operation.id, StopSignal())
    desk.draw()
    return desk.services.overview.operation(operation.id)


def card(desk: Desk) -> dict[str, Any]:
    return desk.posts(APPROVALS)[-1]


def click(desk: Desk, user: str, action_id: str) -> None:
    desk.person.action(user, APPROVALS, card(desk)["ts"], action_id)


def state(desk: Desk, operation: Operation) -> OperationState:
    return desk.services.overview.operation(operation.id).state


def test_the_dialog_asks_and_the_person_is_told_where_it_goes(backed_up: Desk, target: Database) -> None:
    backed_up.type("restore inventory latest")
    select = backed_up.modal()["blocks"][0]["element"]
    newest = backed_up.services.backups.get("inventory", "latest")
    assert select["initial_option"]["value"] == newest.id
    fill(backed_up, target)
    told = backed_up.answer()
    assert f"<#{APPROVALS}>" in told
    operation = backed_up.latest()
    assert operation.id in told
    assert (operation.reason, operation.parameters["backup_id"]) == ("Wrong bulk update", newest.id)


@pytest.mark.parametrize(
    ("wrong", "block"),
    [
        ({"confirmation": "inventroy"}, "confirmation.inventory"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_what_is_wrong_is_shown_on_its_input(
    backed_up: Desk, target: Database, wrong: dict[str, str], block: str
) -> None:
    backed_up.type("restore")
    outcome = fill(backed_up, target, **wrong)
    assert list(outcome["errors"]) == [block]
    assert backed_up.person.views(OPERATOR)
    assert backed_up.latest().kind == "backup"


def test_without_a_backup_no_dialog_opens(desk: Desk) -> None:
    assert "`/baseliner backup inventory`" in desk.ask("restore")


def test_who_may_not_ask_sees_no_dialog(backed_up: Desk) -> None:
    assert "not on the list of requesters" in backed_up.ask("restore", user=DEVELOPER)
    assert not backed_up.person.views(DEVELOPER)


@pytest.mark.parametrize("text", ["restore inventory yesterday", "restore 20200101T000000Z-zzzz", "restore x y z"])
def test_a_backup_that_is_not_there_is_told(backed_up: Desk, text: str) -> None:
    assert "⚠️" in backed_up.ask(text)
    assert not backed_up.person.views(OPERATOR)


def test_the_card_is_drawn_and_approved_in_place(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    posted = card(backed_up)
    told = words_of(posted)
    for words in ("needs approval", "Wrong bulk update", f"`{target.name}`", str(operation.plan_hash), "Expires"):
        assert words in told
    assert (button(posted, ids.APPROVE) or {})["value"] == operation.id

    click(backed_up, APPROVER, ids.APPROVE)
    eventually(lambda: state(backed_up, operation) is OperationState.QUEUED)
    backed_up.draw()
    decided = card(backed_up)
    assert decided["ts"] == posted["ts"]
    assert f"Approved by <@{APPROVER}>" in words_of(decided)
    assert button(decided, ids.APPROVE) is None


def test_a_denied_card_says_so(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    click(backed_up, SECOND, ids.DENY)
    eventually(lambda: state(backed_up, operation) is OperationState.DENIED)
    backed_up.draw()
    assert f"Denied by <@{SECOND}>" in words_of(card(backed_up))
    assert button(card(backed_up), ids.DENY) is None


@pytest.mark.parametrize(
    ("asker", "clicker", "action", "reason"),
    [
        (APPROVER, APPROVER, ids.APPROVE, "nobody approves their own request"),
        (OPERATOR, OPERATOR, ids.APPROVE, "nobody approves their own request"),
        (OPERATOR, DEVELOPER, ids.APPROVE, "not on the list of approvers"),
        (OPERATOR, DEVELOPER, ids.DENY, "not on the list of approvers"),
    ],
)
def test_who_may_not_decide_is_told_who_can(
    backed_up: Desk, target: Database, asker: str, clicker: str, action: str, reason: str
) -> None:
    operation = ask(backed_up, target, asker)
    click(backed_up, clicker, action)
    told = backed_up.answer(clicker, APPROVALS)
    assert reason in told
    assert f"<@{SECOND}>" in told
    assert state(backed_up, operation) is OperationState.AWAITING_APPROVAL
    assert button(card(backed_up), ids.APPROVE) is not None


def test_the_second_click_is_told_who_was_first(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    click(backed_up, APPROVER, ids.APPROVE)
    eventually(lambda: state(backed_up, operation) is OperationState.QUEUED)
    click(backed_up, SECOND, ids.DENY)
    assert "Already approved by Ada Approver" in backed_up.answer(SECOND, APPROVALS)
    assert state(backed_up, operation) is OperationState.QUEUED


def test_an_approved_restore_tells_each_step_in_its_thread(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    click(backed_up, APPROVER, ids.APPROVE)
    eventually(lambda: state(backed_up, operation) is OperationState.QUEUED)
    backed_up.draw()
    done = backed_up.run(operation.id)
    assert done.state is OperationState.DONE, done.failure
    backed_up.draw()
    headline = next(m for m in backed_up.posts() if "Restore of inventory" in m["text"])
    assert "Old database" in words_of(headline)
    assert "✅ The restore is done" in words_of(card(backed_up))
    thread = [m for m in backed_up.posts() if m.get("thread_ts") == headline["ts"] and m["ts"] != headline["ts"]]
    assert [words_of(reply).count(step.title) > 0 for reply, step in zip(thread, done.steps, strict=True)]


def test_a_change_of_target_reloads_the_backups(make_desk: MakeDesk, two_targets: Settings, target: Database) -> None:
    desk = make_desk(two_targets)
    desk.ask("backup billing")
    billing = desk.services.overview.targets()[1].recent[0]
    desk.run(billing.id)

    desk.type("restore")
    view = desk.modal()
    assert "submit" not in view or view["submit"] is None
    desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, "inventory")
    desk.person.wait_for_view(OPERATOR, lambda top: "has no backup yet" in str(top["blocks"]))
    desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, "billing")
    desk.person.wait_for_view(OPERATOR, lambda top: "Backup of billing" in str(top["blocks"]))

    backup = desk.services.backups.get("billing", "latest")
    values = {"backup": backup.id, "reason": "Wrong update", "confirmation": target.name}
    desk.person.submit(OPERATOR, view["id"], values)
    assert "The plan to restore `billing`" in desk.answer()
