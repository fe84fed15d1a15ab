"""Who people are, as Slack tells it; and when it does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from slack_sdk import WebClient

from handlers.directory import Directory
from sandbox.testing import RunningWorkspace, running_workspace
from tests.handlers.conftest import OPERATOR, client


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


def test_known_never_asks(slack: RunningWorkspace) -> None:
    before = asked(slack)
    assert Directory(client(slack), HandClock()).known(OPERATOR, "olive").actor.name == "olive"
    assert asked(slack) == before
