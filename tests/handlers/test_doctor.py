"""The doctor in Slack: what it tries there is seen by nobody, and what is wrong is named with its cure."""

from __future__ import annotations

from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.models import Check, CheckState, OperationKind
from bot.settings import Settings, SlackCredentials
from handlers.inspection import SCOPES, Inspection, judge_scopes
from tests.handlers.conftest import Desk, MakeDesk, words_of

FAILED, PASSED, UNKNOWN, WARNING = CheckState.FAILED, CheckState.PASSED, CheckState.UNKNOWN, CheckState.WARNING


def inspected(desk: Desk, settings: Settings, token: str | None = None, url: str | None = None) -> dict[str, Check]:
    client = WebClient(
        token=token or desk.slack.workspace.credentials.bot_token,
        base_url=url or desk.slack.api_url,
        timeout=5,
        retry_handlers=[],
    )
    return {check.name: check for check in Inspection(client, settings, SystemClock()).run()}


def states(checks: dict[str, Check]) -> dict[str, CheckState]:
    assert all(check.remedy for check in checks.values() if check.state is not PASSED)
    return {name: check.state for name, check in checks.items()}


def test_it_is_posted_with_what_was_seen_of_slack_and_by_the_worker(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.ask("doctor inventory")
    assert desk.latest().kind is OperationKind.DOCTOR
    desk.run(desk.latest().id)
    desk.draw()
    (posted,) = desk.posts()
    assert "Examination of inventory is done: not in order" in posted["text"]
    told = words_of(posted)
    for said in ("*The app has its scopes*: 6, and no more", "*The role renames the database*", "baseliner serve"):
        assert said in told
    desk.ask("doctor")
    assert [status.recent[0].kind for status in desk.services.overview.targets()] == [OperationKind.DOCTOR] * 2
    assert "One target is enough" in desk.ask("doctor inventory billing")


def test_what_is_wrong_in_slack_is_named_and_nothing_is_left_there(desk: Desk, settings: Settings) -> None:
    workspace = desk.slack.workspace
    tokens = SlackCredentials.model_validate({"app_token": workspace.credentials.app_token})
    well = settings.model_copy(update={"credentials": tokens})
    assert set(states(inspected(desk, well)).values()) == {PASSED}
    assert desk.slack.run(lambda: list(workspace.schedule.waiting())) == []
    assert desk.posts() == []
    channels = well.slack.channels.model_copy(update={"alerts": "C0NOWHERE1"})
    slack = well.slack.model_copy(update={"channels": channels, "team_id": "T0ANOTHER1"})
    policy = well.policy.model_copy(update={"approvers": ("S0NOWHERE1",)})
    found = states(
        inspected(desk, well.model_copy(update={"slack": slack, "policy": policy, "credentials": SlackCredentials()}))
    )
    assert {name for name, state in found.items() if state is FAILED} == {
        "slack_token", "slack_way_in", "slack_channel_alerts", "slack_group_S0NOWHERE1",
    }  # fmt: skip
    assert set(states(inspected(desk, well, token="xoxb-wrong")).values()) <= {FAILED, PASSED}
    assert inspected(desk, well, token="xoxb-wrong")["slack_token"].remedy.startswith("export SLACK_BOT_TOKEN")
    nowhere = states(inspected(desk, well, url="http://127.0.0.1:1/api/"))
    assert set(nowhere.values()) == {UNKNOWN}


def test_scopes_are_judged_by_what_slack_told() -> None:
    every = ",".join(SCOPES)
    assert judge_scopes(every).state is PASSED
    assert judge_scopes(f"{every},admin").state is WARNING
    missing = judge_scopes(every.replace("users:read", ""))
    assert (missing.state, missing.summary) == (FAILED, "missing: users:read (names, standing and time zones)")
    assert judge_scopes(None).state is UNKNOWN
