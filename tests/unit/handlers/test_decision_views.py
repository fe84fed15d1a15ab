"""The whole plan, the dialogs that decide on it, the reminder, and the policy behind them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.models import Decision, OperationKind, OperationState, WindowState
from bot.operations.policies import PolicyStatus
from bot.policy import Verdict
from bot.settings import Policy
from handlers import ids
from handlers.views.approval import consequences
from handlers.views.decisions import approval_modal, denial_modal, reminder_message
from handlers.views.people import linked
from handlers.views.plan import plan_message, plan_modal
from handlers.views.policy import policy_message
from tests.unit.handlers.drawn import assert_harmless, read, read_modal
from tests.unit.handlers.samples import HASH, HOSTILE, ID, NOW, approval, operation, plan, window

WAITING = operation(
    OperationKind.RESTORE, OperationState.AWAITING_APPROVAL, reason="Wrong bulk update", finished_at=None
)
UNMASKED = {"masking": None, "masking_sha256": None, "statements": 0}
DIALOG = ids.ModalContext("C1", operation=ID)


def test_the_whole_plan_is_told_with_what_has_no_name_here() -> None:
    of_all = plan(surprise={"deep": [1, {"x": None}]}, system_identifier="7123", heads=["a1", "b2"])
    for told in (read(plan_message(WAITING, of_all)), read_modal(plan_modal(WAITING, of_all))):
        for words in (
            "Reason: Wrong bulk update",
            "System identifier of the server: `7123`",
            "Head of the deployed application: `a1`, `b2`",
            "Its size: 210.0 MB",
            "The former database is kept for: 1 d",
            "*Backup that comes back*",
            f"SHA-256 of the manifest: `{'c' * 64}`",
            "Taken: <!date^",
            "Open sessions, which will be closed: 3",
            "• 3 of `api` as `app`",
            "*surprise*",
            'deep: `[1, {"x": null}]`',
            HASH,
        ):
            assert words in told


@pytest.mark.parametrize(
    ("changes", "told", "untold"),
    [
        ({"last_time": None}, "The last restore of this target: none", "last_time"),
        ({"source": {"target": "inventory", **UNMASKED}}, "*Backup that comes back*", "Masked"),
        ({"source": {"target": "billing", **UNMASKED}}, "Masked by: nothing: the rows come as they are", "statements"),
        (
            {"source": {"target": "billing", "masking": "m.sql", "masking_sha256": "ab", "statements": 2}},
            "Its statements: `2`",
            "as they are",
        ),
    ],
)
def test_a_plan_says_nothing_of_what_is_not(changes: dict[str, object], told: str, untold: str) -> None:
    shown = read(plan_message(WAITING, plan(**changes)))
    assert told in shown
    assert untold not in shown


def test_a_plan_of_hostile_or_endless_words_is_harmless_and_fits() -> None:
    for text in (HOSTILE, "word & " * 3000):
        sessions = [{"application_name": text, "user": text, "count": 1}] * 60
        hostile = plan(
            database=text,
            services=[text] * 40,
            warnings=[text] * 12,
            loses=plan().body["loses"] | {"sessions": sessions},
            **{text[:50]: {text[:50]: text}},
        )
        asked = replace(WAITING, reason=text)
        message = plan_message(asked, hostile)
        assert len(read(message)) < 13_200
        assert_harmless(message.blocks)
        read_modal(plan_modal(asked, hostile))
        view = approval_modal(asked, text, consequences(hostile, NOW), DIALOG)
        read_modal(view)
        assert_harmless(view["blocks"])


def test_the_dialogs_ask_for_the_name_and_for_the_reason() -> None:
    asks = approval_modal(WAITING, "inventory", consequences(plan(), NOW), DIALOG)
    told = read_modal(asks)
    for words in ("What will be lost or interrupted", "Type inventory to show", "Comment", "Approve the restore"):
        assert words in told
    assert asks["callback_id"] == ids.APPROVAL_MODAL
    assert ids.decode(asks["private_metadata"]).operation == ID
    denies = denial_modal(WAITING, DIALOG)
    assert "Restore of `inventory`, asked by <@U0OPERATOR>" in read_modal(denies)
    assert denies["blocks"][1]["optional"] is False


def test_the_reminder_mentions_whoever_has_not_decided() -> None:
    given = [approval(Decision.APPROVED)]
    told = read(reminder_message(WAITING, plan(), given, ["U0OPERATOR", "U0APPROVER", "U0SECOND", "S0TEAM"]))
    assert "⏰ <@U0SECOND> or <!subteam^S0TEAM>: it waits for your decision" in told
    decided = read(reminder_message(replace(WAITING, state=OperationState.DENIED), plan(), given, ["U0SECOND"]))
    assert "waits for approval no longer" in decided
    assert "U0SECOND" not in decided


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("in C0DBOPS001 or C024BE91L.", "in <#C0DBOPS001> or <#C024BE91L>."),
        ("usergroup S0APPROVERS, which", "usergroup <!subteam^S0APPROVERS>, which"),
        ("SERVICES COMPLETELY stopped, C0X, U0APPROVER", "SERVICES COMPLETELY stopped, C0X, U0APPROVER"),
    ],
)
def test_channels_and_groups_of_a_refusal_are_shown_as_slack_shows_them(text: str, shown: str) -> None:
    assert linked(text) == shown


YES, NO = Verdict(True, "on the list of requesters"), Verdict(False, "guests of the workspace may not")


@pytest.mark.parametrize(
    ("policy", "changes", "found"),
    [
        (
            Policy(),
            {},
            [
                "*May ask*\nnobody",
                "*Approvals*\n1 approval\n",
                "*Asked in*\nany channel",
                "*Quiet hours*\nnone",
                "no; none is announced",
            ],
        ),
        (
            Policy(approvers=("U0A", "S0B"), required_approvals=2, channels=("C0X",), denied=("U0D",)),
            {"own": True},
            ["its own", "<@U0A> and <!subteam^S0B>; never their own", "2 approvals", "<#C0X>", "<@U0D>; deactivated"],
        ),
        (
            Policy(only_in_window=True, quiet_hours="22:00-07:00", timezone="Europe/Berlin"),
            {"window": window(WindowState.OPEN)},
            ["yes; one is open until <!date^", "22:00-07:00 Europe/Berlin: no restore"],
        ),
        (
            Policy(),
            {"window": replace(window(WindowState.SCHEDULED), starts_at=NOW + timedelta(hours=1))},
            ["the next opens <!date^"],
        ),
    ],
)
def test_the_policy_is_told_with_its_meaning(policy: Policy, changes: dict[str, object], found: list[str]) -> None:
    status = PolicyStatus("inventory", False, policy, YES, NO, YES, YES, None, NOW)
    told = read(policy_message([replace(status, **changes)]))  # type: ignore[arg-type]
    for words in [*found, "✅ ask: on the list of requesters", "⛔ approve what others ask: guests"]:
        assert words in told
