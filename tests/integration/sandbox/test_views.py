"""views.*: triggers, stacks, hashes and homes."""

from __future__ import annotations

from slack_sdk import WebClient

from sandbox.clock import MovableClock
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.integration.sandbox.apps import refusal, trigger
from tests.integration.sandbox.conftest import web_client
from tests.unit.sandbox.blocks import field, home, modal, plain, section, text_input


def test_a_trigger_opens_one_view_within_three_seconds() -> None:
    clock = MovableClock(1769000000)
    with running_workspace(Workspace(clock=clock)) as slack:
        client, used = web_client(slack), trigger(slack)
        late = trigger(slack)
        client.views_open(trigger_id=used, view=modal())
        body = refusal(client, "views.open", trigger_id=used, view=modal())
        assert body["error"] == "exchanged_trigger_id"
        clock.advance(3.1)
        assert refusal(client, "views.open", trigger_id=late, view=modal())["error"] == "expired_trigger_id"


def test_an_invalid_view_is_named_by_pointer_and_keeps_its_trigger(slack: RunningWorkspace, client: WebClient) -> None:
    fresh = trigger(slack)
    body = refusal(client, "views.open", trigger_id=fresh, view=modal(title=plain("x" * 25)))
    assert body["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in body["response_metadata"]["messages"][0]
    assert len(slack.take_violations()) == 1
    assert client.views_open(trigger_id=fresh, view=modal())["ok"]


def test_views_stack_three_deep(slack: RunningWorkspace, client: WebClient) -> None:
    view = client.views_open(trigger_id=trigger(slack), view=modal())["view"]
    for _ in range(2):
        client.views_push(trigger_id=trigger(slack, view["id"]), view=modal())
    body = refusal(client, "views.push", trigger_id=trigger(slack, view["id"]), view=modal())
    assert body["error"] == "push_limit_reached"
    assert refusal(client, "views.push", trigger_id=trigger(slack), view=modal())["error"] == "not_found"
    assert len(slack.person.views("olive")) == 3


def test_a_stale_hash_and_a_taken_external_id_conflict(slack: RunningWorkspace, client: WebClient) -> None:
    content = modal(field(text_input(initial_value="preset"), block_id="text"), external_id="mine")
    view = client.views_open(trigger_id=trigger(slack), view=content)["view"]
    assert view["state"]["values"]["text"]["write"]["value"] == "preset"
    updated = client.views_update(external_id="mine", hash=view["hash"], view=content)["view"]
    assert updated["id"] == view["id"]
    stale = refusal(client, "views.update", view_id=view["id"], hash=view["hash"], view=content)
    assert stale["error"] == "hash_conflict"
    taken = refusal(client, "views.open", trigger_id=trigger(slack), view=content)
    assert taken["error"] == "duplicate_external_id"


def test_a_home_is_published_with_its_hash(slack: RunningWorkspace, client: WebClient) -> None:
    first = client.views_publish(user_id="U0OPERATOR", view=home(section()))["view"]
    second = client.views_publish(user_id="U0OPERATOR", hash=first["hash"], view=home())["view"]
    assert second["id"] == first["id"]
    body = refusal(client, "views.publish", user_id="U0OPERATOR", hash=first["hash"], view=home())
    assert body["error"] == "hash_conflict"
