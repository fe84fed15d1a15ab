"""Who people are, as Slack tells it; and when it does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk import WebClient

from bot.membership import Membership, Standing
from handlers.directory import Directory
from handlers.roster import standing_of
from sandbox.testing import RunningWorkspace, running_workspace
from tests.handlers.conftest import APPROVER, OPERATOR, SECOND, client


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def slack() -> Iterator[RunningWorkspace]:
    with running_workspace() as running:
        yield running


def asked(slack: RunningWorkspace) -> int:
    return sum(exchange.name == "users.info" for exchange in slack.workspace.wire.exchanges)


def test_names_and_zones_are_asked_for_once_in_a_while(slack: RunningWorkspace) -> None:
    clock = HandClock()
    directory = Directory(client(slack), clock, timedelta(hours=1))
    before = asked(slack)
    person = directory.person(OPERATOR)
    assert (person.actor.name, person.zone) == ("Olive Operator", ZoneInfo("Europe/Berlin"))
    assert directory.person(OPERATOR) == directory.known(OPERATOR) == person
    once = asked(slack)
    assert once > before
    clock.time += timedelta(hours=1)
    directory.person(OPERATOR)
    assert asked(slack) > once


def test_without_slack_the_name_at_hand_or_the_id_does() -> None:
    away = Directory(WebClient(token="xoxb-x", base_url="http://127.0.0.1:9/api/", retry_handlers=[]), HandClock())
    assert away.person(OPERATOR, "olive").actor.name == "olive"
    assert away.person("U0ELSE").actor.name == "U0ELSE"
    assert away.person("U0ELSE").zone is None


def test_a_person_slack_does_not_know_is_the_id(slack: RunningWorkspace) -> None:
    assert Directory(client(slack), HandClock()).person("U0NOBODY01").actor.name == "U0NOBODY01"


def calls(slack: RunningWorkspace, method: str) -> int:
    return sum(exchange.name == method for exchange in slack.workspace.wire.exchanges)


def test_standing_and_groups_are_read_and_kept_for_minutes(slack: RunningWorkspace) -> None:
    clock = HandClock()
    directory = Directory(client(slack), clock, team_id="T0SANDBOX1")
    found = directory.membership([OPERATOR, "U0NOBODY01"], ["S0APPROVERS", "S0NOWHERE"])
    assert found == Membership(
        {OPERATOR: Standing.ACTIVE, "U0NOBODY01": Standing.UNREADABLE},
        {"S0APPROVERS": frozenset({APPROVER, SECOND})},
    )
    once = (asked(slack), calls(slack, "usergroups.users.list"))
    assert directory.membership([OPERATOR], ["S0APPROVERS"]).groups == found.groups
    assert (asked(slack), calls(slack, "usergroups.users.list")) == once
    clock.time += timedelta(minutes=5)
    directory.membership([OPERATOR], ["S0APPROVERS"])
    assert asked(slack) > once[0]
    assert calls(slack, "usergroups.users.list") > once[1]


def test_what_slack_does_not_tell_is_asked_for_again_soon(slack: RunningWorkspace) -> None:
    clock = HandClock()
    directory = Directory(client(slack), clock)
    fault = slack.person.fault("server_error", method="us*")
    assert directory.membership([OPERATOR], ["S0APPROVERS"]) == Membership({OPERATOR: Standing.UNREADABLE}, {})
    slack.person.remove_faults(fault)
    assert directory.membership([OPERATOR], ["S0APPROVERS"]).groups == {}
    clock.time += timedelta(seconds=10)
    assert directory.membership([OPERATOR], ["S0APPROVERS"]).standings == {OPERATOR: Standing.ACTIVE}


@pytest.mark.parametrize(
    ("user_id", "user", "standing"),
    [
        ("U1", {"team_id": "T1"}, Standing.ACTIVE),
        ("U1", {"team_id": "E1", "enterprise_user": {"teams": ["T0", "T1"]}}, Standing.ACTIVE),
        ("U1", {"team_id": "T2"}, Standing.STRANGER),
        ("U1", {}, Standing.STRANGER),
        ("U1", {"team_id": "T1", "deleted": True}, Standing.DEACTIVATED),
        ("USLACKBOT", {"team_id": "T1", "is_bot": False}, Standing.BOT),
        ("U1", {"team_id": "T1", "is_bot": True}, Standing.BOT),
        ("U1", {"team_id": "T1", "is_stranger": True}, Standing.STRANGER),
        ("U1", {"team_id": "T1", "is_restricted": True}, Standing.GUEST),
        ("U1", {"team_id": "T1", "is_ultra_restricted": True}, Standing.GUEST),
    ],
)
def test_what_kind_of_member_a_user_object_is(user_id: str, user: dict[str, Any], standing: Standing) -> None:
    assert standing_of(user_id, user, "T1") is standing


def test_known_never_asks(slack: RunningWorkspace) -> None:
    before = asked(slack)
    assert Directory(client(slack), HandClock()).known(OPERATOR, "olive").actor.name == "olive"
    assert asked(slack) == before
