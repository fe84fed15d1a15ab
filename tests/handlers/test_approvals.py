"""The card and its dialogs: who may say yes or no, what they are asked, and what everybody sees of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.models import OperationState
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
from tests.handlers.restoring import approve, ask, await_state, click, deny
from tests.handlers.restoring import state as state_of
from tests.handlers.test_dispatch import dispatch
from tests.support import Database, eventually

GROUP = "S0APPROVERS"


def with_policy(settings: Settings, **policy: Any) -> Settings:
    return settings.model_copy(update={"policy": settings.policy.model_copy(update=policy)})


def with_backup(desk: Desk) -> Desk:
    desk.ask("backup")
    assert desk.run(desk.latest().id).state is OperationState.DONE
    return desk


def words_of_modal(desk: Desk, user: str) -> str:
    return words_of({"text": "", "blocks": desk.modal(user)["blocks"]})


def become(desk: Desk, user: str, **traits: Any) -> None:
    """Slack tells something else of this person."""
    users = desk.slack.workspace.users
    desk.slack.run(lambda: users.__setitem__(user, replace(users[user], **traits)))


def test_approving_tells_what_is_lost_and_asks_for_the_databases_name(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    posted = backed_up.card()
    for words in ("needs approval", "Wrong bulk update", f"`{target.name}`", str(operation.plan_hash), "Expires"):
        assert words in words_of(posted)
    click(backed_up, APPROVER, ids.APPROVE)
    told = words_of_modal(backed_up, APPROVER)
    for words in ("Goes back to", "What will be lost or interrupted", "The way back", operation.id):
        assert words in told

    view = backed_up.modal(APPROVER)["id"]
    wrong = backed_up.person.submit(APPROVER, view, {"confirmation": "inventroy", "comment": ""})
    assert wrong["errors"] == {
        ids.CONFIRMATION: f"The name typed is not the database's: {target.name}. Type {target.name}, exactly."
    }
    assert state_of(backed_up, operation) is OperationState.AWAITING_APPROVAL

    backed_up.person.submit(APPROVER, view, {"confirmation": target.name, "comment": "checked with Olive"})
    await_state(backed_up, operation, OperationState.QUEUED)
    assert not backed_up.person.views(APPROVER)
    decided = backed_up.card()
    assert decided["ts"] == posted["ts"]
    assert f"Approved by <@{APPROVER}>" in words_of(decided)
    assert "checked with Olive" in words_of(decided)
    assert button(decided, ids.APPROVE) is None
    entry = backed_up.services.audit.entries()[0]
    assert (entry.action, entry.detail["comment"], entry.detail["by"]) == (
        "restore.approved",
        "checked with Olive",
        APPROVER,
    )


def test_denying_needs_a_reason_that_everybody_reads(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    assert list(deny(backed_up, SECOND, "   ")["errors"]) == [ids.REASON]
    assert state_of(backed_up, operation) is OperationState.AWAITING_APPROVAL
    backed_up.person.submit(SECOND, backed_up.modal(SECOND)["id"], {"reason": "the report runs"})
    await_state(backed_up, operation, OperationState.DENIED)
    headline = next(post for post in backed_up.posts() if "Restore of inventory" in post["text"])
    assert f"was denied by <@{SECOND}>: the report runs" in headline["text"]
    for message in (backed_up.card(), headline):
        assert f"Denied by <@{SECOND}>" in words_of(message)
        assert "the report runs" in words_of(message)
    assert button(backed_up.card(), ids.DENY) is None
    assert backed_up.services.audit.entries()[0].detail["comment"] == "the report runs"


def test_everybody_can_read_the_whole_plan(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    plan = backed_up.services.drawings.plan(operation.id)
    assert plan is not None
    click(backed_up, DEVELOPER, ids.SHOW_PLAN)
    (reply,) = backed_up.replies(backed_up.card())
    for told in (words_of_modal(backed_up, DEVELOPER), words_of(reply)):
        for words in (plan.hash, plan.body["backup"]["manifest_sha256"], plan.body["system_identifier"]):
            assert words in told


def test_who_may_not_decide_is_told_who_can(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target, APPROVER)
    for clicker, action, reason in (
        (APPROVER, ids.APPROVE, "nobody approves their own request"),
        (OPERATOR, ids.APPROVE, "not on the list of approvers"),
        (DEVELOPER, ids.DENY, "not on the list of approvers"),
    ):
        click(backed_up, clicker, action)
        told = backed_up.answer(clicker, APPROVALS)
        assert reason in told
        assert f"<@{SECOND}>" in told
        assert not backed_up.person.views(clicker)
        assert backed_up.services.audit.entries()[0].result == "refused"
    assert state_of(backed_up, operation) is OperationState.AWAITING_APPROVAL


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({"deleted": True}, "your account is deactivated"),
        ({"is_restricted": True}, "guests of the workspace may not"),
        ({"team_id": "T0ELSEWHERE"}, "people of another workspace may not"),
    ],
)
def test_who_is_no_full_member_is_refused(desk: Desk, traits: dict[str, Any], reason: str) -> None:
    become(desk, OPERATOR, **traits)
    assert reason in desk.ask("backup")
    assert not desk.services.overview.targets()[0].recent


def test_what_slack_does_not_tell_of_a_person_lets_nobody_in(desk: Desk) -> None:
    desk.person.fault("server_error", method="users.info")
    assert "Slack did not tell whether you are an active member" in desk.ask("backup")


def test_the_members_of_a_usergroup_approve(make_desk: MakeDesk, settings: Settings, target: Database) -> None:
    desk = with_backup(make_desk(with_policy(settings, approvers=(GROUP,))))
    operation = ask(desk, target)
    assert f"Can approve: <!subteam^{GROUP}>" in words_of(desk.card())
    click(desk, DEVELOPER, ids.APPROVE)
    told = desk.answer(DEVELOPER, APPROVALS)
    assert "not on the list of approvers" in told
    assert f"<@{APPROVER}> or <@{SECOND}>" in told
    approve(desk, SECOND, target.name)
    await_state(desk, operation, OperationState.QUEUED)
    (approval,) = desk.services.drawings.approvals(operation.id)
    assert (approval.person.id, approval.allowed_by) == (SECOND, GROUP)


def test_a_usergroup_that_cannot_be_read_lets_nobody_in(
    make_desk: MakeDesk, settings: Settings, target: Database
) -> None:
    desk = with_backup(make_desk(with_policy(settings, approvers=("S0NOWHERE",))))
    operation = ask(desk, target)
    click(desk, APPROVER, ids.APPROVE)
    assert "Slack did not tell who is in usergroup <!subteam^S0NOWHERE>" in desk.answer(APPROVER, APPROVALS)
    assert state_of(desk, operation) is OperationState.AWAITING_APPROVAL


def test_a_dialog_that_was_overtaken_is_told_and_does_nothing(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    click(backed_up, APPROVER, ids.APPROVE)
    view = backed_up.modal(APPROVER)["id"]
    deny(backed_up, SECOND, "not today")
    backed_up.person.submit(APPROVER, view, {"confirmation": target.name, "comment": ""})
    assert "Already denied by Arjun Approver" in words_of_modal(backed_up, APPROVER)
    assert state_of(backed_up, operation) is OperationState.DENIED
    backed_up.draw()
    backed_up.person.close(APPROVER, backed_up.modal(APPROVER)["id"], clear=True)


def test_a_dialog_that_nobody_was_shown_is_judged_all_the_same(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    values = {
        ids.CONFIRMATION: {ids.CONFIRMATION: {"type": "plain_text_input", "value": target.name}},
        ids.COMMENT: {ids.COMMENT: {"type": "plain_text_input", "value": None}},
    }
    forged = {
        "type": "view_submission",
        "team": {"id": "T0SANDBOX1"},
        "user": {"id": DEVELOPER},
        "api_app_id": backed_up.slack.workspace.app.app_id,
        "view": {
            "type": "modal",
            "callback_id": ids.APPROVAL_MODAL,
            "private_metadata": ids.encode(ids.ModalContext(APPROVALS, operation=operation.id)),
            "state": {"values": values},
        },
    }
    answer = dispatch(backed_up, {"payload": json.dumps(forged)})
    assert json.loads(answer.body)["response_action"] == "push"
    assert "not on the list of approvers" in answer.body
    assert state_of(backed_up, operation) is OperationState.AWAITING_APPROVAL


def test_two_people_approve_and_one_takes_it_back(make_desk: MakeDesk, settings: Settings, target: Database) -> None:
    desk = with_backup(make_desk(with_policy(settings, required_approvals=2)))
    operation = ask(desk, target)
    approve(desk, APPROVER, target.name)
    eventually(lambda: desk.services.drawings.approvals(operation.id))
    desk.draw()
    assert "1 of 2 approvals" in words_of(desk.card())
    click(desk, APPROVER, ids.APPROVE)
    assert "You have approved this already" in desk.answer(APPROVER, APPROVALS)
    approve(desk, SECOND, target.name)
    await_state(desk, operation, OperationState.QUEUED)
    assert button(desk.card(), ids.APPROVE) is None

    click(desk, OPERATOR, ids.WITHDRAW)
    assert "you have not approved this" in desk.answer(OPERATOR, APPROVALS)
    click(desk, SECOND, ids.WITHDRAW)
    await_state(desk, operation, OperationState.AWAITING_APPROVAL)
    told = words_of(desk.card())
    assert "1 of 2 approvals" in told
    assert f"Withdrawn by <@{SECOND}>" in told
    assert f"Can approve: <@{SECOND}>" in told
    approve(desk, SECOND, target.name)
    await_state(desk, operation, OperationState.QUEUED)


def test_the_approvers_are_reminded_once_in_the_cards_thread(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    with backed_up.house.context.database.transaction() as connection:
        connection.execute("UPDATE plans SET created_at = created_at - interval '16 minutes'")
        connection.execute("UPDATE plans SET expires_at = expires_at - interval '16 minutes'")
    assert backed_up.services.deadlines.remind() == [operation.id]
    assert backed_up.services.deadlines.remind() == []
    backed_up.draw()
    _, reminder = backed_up.replies(backed_up.card())
    assert f"<@{APPROVER}> or <@{SECOND}>: it waits for your decision" in words_of(reminder)


def test_a_plan_that_drifted_says_how_and_offers_a_new_request(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    approve(backed_up, APPROVER, target.name)
    await_state(backed_up, operation, OperationState.QUEUED)
    with backed_up.house.context.database.transaction() as connection:
        connection.execute("UPDATE backups SET manifest_sha256 = repeat('0', 64)")
    assert backed_up.run(operation.id).state is OperationState.VOIDED
    backed_up.draw()
    assert "its manifest is not the one that was approved" in words_of(backed_up.card())
    headline = next(post for post in backed_up.posts() if "Restore of inventory" in post["text"])
    assert (button(headline, ids.ASK_AGAIN) or {})["value"] == operation.id
    click(backed_up, OPERATOR, ids.ASK_AGAIN)
    blocks = backed_up.modal()["blocks"]
    assert blocks[0]["element"]["initial_option"]["value"] == operation.parameters["backup_id"]
    assert blocks[1]["element"]["initial_value"] == "Wrong bulk update"


def test_restores_are_asked_where_and_when_the_policy_says(make_desk: MakeDesk, settings: Settings) -> None:
    desk = make_desk(with_policy(settings, channels=(APPROVALS,), only_in_window=True))
    assert f"not asked for here, but in <#{APPROVALS}>" in desk.ask("backup")
    assert "needs an open maintenance window" in desk.ask("restore", channel=APPROVALS)


def test_the_policy_is_told_with_what_it_means_to_the_asker(make_desk: MakeDesk, settings: Settings) -> None:
    desk = make_desk(with_policy(settings, approvers=(GROUP,), required_approvals=2, denied=(DEVELOPER,)))
    told = desk.ask("policy", user=DEVELOPER)
    for words in (
        "*Policy* of `inventory`, the common one",
        f"<!subteam^{GROUP}>; never their own request",
        "2 approvals by different people",
        "⛔ ask: the settings deny it to you",
        "✅ a restore now: the time suits",
    ):
        assert words in told
    assert f"in usergroup <!subteam^{GROUP}>" in desk.ask("policy inventory", user=APPROVER)
    assert "One target is enough" in desk.ask("policy inventory now")
