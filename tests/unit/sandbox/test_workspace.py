"""The workspace on its own: changes, rates, expiry, manifests."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from sandbox.changes import Change, ChannelAdded, MessageDeleted, MessagePosted, MessageUpdated, ViewClosed, ViewOpened
from sandbox.clock import MovableClock
from sandbox.errors import SlackError
from sandbox.manifest import Manifest, load_manifest, parse_manifest
from sandbox.people import load_community
from sandbox.rates import RateLimited, RateLimiter, Tier
from sandbox.triggers import ResponseUrls
from sandbox.wire import Exchange, WireLog
from sandbox.workspace import Workspace
from tests.unit.sandbox.blocks import field, modal, section, select, text_input


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(clock=MovableClock(1769000000), random=Random(7))  # noqa: S311 - repeatable


@pytest.fixture
def changes(workspace: Workspace) -> list[Change]:
    seen: list[Change] = []
    workspace.changes.subscribe(seen.append)
    return seen


def test_messages_publish_what_happened_to_them(workspace: Workspace, changes: list[Change]) -> None:
    posted = workspace.post_as_app(channel="C0DBOPS001", text="One", blocks=[section()])
    edited = workspace.messages.edit(posted, text="Two")
    workspace.messages.delete(edited)
    assert changes == [MessagePosted(posted), MessageUpdated(edited), MessageDeleted(edited)]
    assert posted.blocks[0]["block_id"]
    assert (posted.edited, edited.edited is not None) == (None, True)


def test_a_reply_updates_its_parent(workspace: Workspace, changes: list[Change]) -> None:
    parent = workspace.post_as_app(channel="C0DBOPS001", text="One")
    reply = workspace.post_as_app(channel="C0DBOPS001", text="Two", thread_ts=parent.ts)
    last = changes[-1]
    assert isinstance(last, MessageUpdated)
    assert (last.message.ts, last.message.reply_count, last.message.latest_reply) == (parent.ts, 1, reply.ts)


def test_a_subscriber_can_leave(workspace: Workspace) -> None:
    seen: list[Change] = []
    leave = workspace.changes.subscribe(seen.append)
    leave()
    workspace.tell("C0DBOPS001", "U0OPERATOR", "x")
    assert seen == []


def test_opening_a_modal_closes_the_one_before(workspace: Workspace, changes: list[Change]) -> None:
    first = workspace.views.open("U0OPERATOR", modal())
    second = workspace.views.open("U0OPERATOR", modal())
    assert changes == [ViewOpened(first), ViewClosed(first), ViewOpened(second)]


def test_an_updated_view_keeps_what_was_entered_where_ids_stay(workspace: Workspace) -> None:
    view = workspace.views.open("U0OPERATOR", modal(field(text_input(), block_id="a"), field(select(), block_id="b")))
    view = workspace.views.enter(view, {"a": {"write": {"type": "plain_text_input", "value": "kept"}}})
    view = workspace.views.update(view, modal(field(text_input(), block_id="a"), field(text_input(), block_id="c")))
    empty = {"type": "plain_text_input", "value": None}
    assert view.state == {"a": {"write": {"type": "plain_text_input", "value": "kept"}}, "c": {"write": empty}}


def test_a_direct_conversation_is_opened_once(workspace: Workspace, changes: list[Change]) -> None:
    channel = workspace.direct_channel("U0OPERATOR")
    assert workspace.direct_channel("U0OPERATOR") == channel
    assert changes == [ChannelAdded(channel)]
    assert channel not in workspace.channels_of("U0DEVELOPER")


def test_a_response_url_ends_after_half_an_hour() -> None:
    clock = MovableClock(1769000000)
    urls = ResponseUrls(clock, Random(7))  # noqa: S311 - repeatable
    target = urls.issue("C1", "U1")
    clock.advance(1800)
    assert urls.use(target).user == "U1"
    clock.advance(1)
    with pytest.raises(SlackError, match="expired_url"):
        urls.use(target)


def test_calls_come_back_as_the_minute_slides() -> None:
    clock = MovableClock(0)
    limiter = RateLimiter(clock, enabled=True)
    limiter.count_call("a", Tier.ONE)
    with pytest.raises(RateLimited) as caught:
        limiter.count_call("a", Tier.ONE)
    assert caught.value.retry_after == 60
    limiter.count_call("b", Tier.ONE)
    clock.advance(60)
    limiter.count_call("a", Tier.ONE)


def test_the_wire_log_keeps_the_newest() -> None:
    log = WireLog(capacity=2)
    seen: list[Exchange] = []
    log.subscribe(seen.append)
    exchanges = [
        Exchange(started=n, seconds=0, sender="app", via="http", name=f"m{n}", request="", status=200, reply="")
        for n in range(3)
    ]
    for exchange in exchanges:
        log.record(exchange)
    assert log.exchanges == tuple(exchanges[1:])
    assert seen == exchanges


def test_a_manifest_says_what_is_allowed() -> None:
    manifest = parse_manifest(
        {
            "display_information": {"name": "Baseliner"},
            "features": {"slash_commands": [{"command": "/baseliner", "description": "x", "url": "http://x"}]},
            "oauth_config": {"scopes": {"bot": ["commands"]}},
            "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
        }
    )
    assert manifest.name == "Baseliner"
    assert manifest.command("/baseliner") is not None
    assert manifest.command("/other") is None
    assert manifest.hears("app_mention")
    assert not manifest.hears("message.channels")


@pytest.mark.parametrize(
    ("settings", "socket_mode"),
    [
        ({"socket_mode_enabled": True, "event_subscriptions": {"request_url": "http://x"}}, True),
        ({"socket_mode_enabled": False}, False),
        ({"interactivity": {"request_url": "http://x"}}, False),
        ({}, True),
    ],
)
def test_a_manifest_says_how_the_app_wants_its_payloads(settings: dict[str, object], socket_mode: bool) -> None:
    assert parse_manifest({"settings": settings}).socket_mode is socket_mode


def test_without_a_manifest_everything_is_allowed() -> None:
    manifest = Manifest()
    assert manifest.command("/anything") is not None
    assert manifest.hears("anything")


def test_a_file_that_is_no_manifest_or_community_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"bad\.yaml"):
        load_manifest(path)
    path.write_text("users: [{id: U1}]\nchannels: []")
    with pytest.raises(ValueError, match=r"bad\.yaml"):
        load_community(path)
