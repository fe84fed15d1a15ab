"""What an app's author sees: the wire, and faults on demand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from slack_sdk.errors import SlackApiError

from tests.e2e.page.conftest import Workspace, messages

pytestmark = pytest.mark.browser


def test_the_wire_shows_requests_and_replies_as_they_come(page: Page, workspace: Workspace) -> None:
    page.get_by_test_id("open-bench").click()
    for _ in range(40):
        workspace.client.auth_test()
    workspace.post("over <b>the wire</b>")
    lines = page.get_by_test_id("wire-exchange")
    line = lines.filter(has=page.get_by_text("chat.postMessage", exact=True))
    expect(line).to_be_in_viewport()
    line.locator("summary").click()
    expect(line.locator("pre").first).to_contain_text("over <b>the wire</b>")
    expect(line.locator("pre").last).to_contain_text('"ok": true')
    workspace.client.api_test()
    expect(lines.filter(has=page.get_by_text("api.test", exact=True))).to_be_attached()
    expect(line.locator("pre").first).to_be_visible()
    page.get_by_test_id("close-bench").click()
    expect(page.get_by_test_id("workbench")).to_be_hidden()


def test_a_fault_strikes_once_and_is_then_spent(page: Page, workspace: Workspace) -> None:
    page.get_by_test_id("open-bench").click()
    faults = page.get_by_test_id("faults")
    faults.locator("summary").click()
    page.get_by_test_id("fault-server_error-once").click()
    expect(faults).to_contain_text("1 armed")
    with pytest.raises(SlackApiError):
        workspace.client.auth_test()
    expect(faults).to_contain_text("server error · struck 1 of 1")
    expect(faults).not_to_contain_text("armed")
    workspace.client.auth_test()
    faults.get_by_label("Remove server error").click()
    expect(faults).not_to_contain_text("struck")


def test_the_bench_and_a_thread_take_turns(page: Page, workspace: Workspace) -> None:
    ts = workspace.post("parent")
    workspace.post("reply", thread_ts=ts)
    page.get_by_test_id("open-bench").click()
    expect(page.get_by_test_id("workbench")).to_be_visible()
    messages(page, "parent").get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread")).to_be_visible()
    expect(page.get_by_test_id("workbench")).to_be_hidden()
    page.get_by_test_id("open-bench").click()
    expect(page.get_by_test_id("thread")).to_be_hidden()


def test_a_new_topic_is_shown(page: Page, workspace: Workspace) -> None:
    workspace.client.conversations_setTopic(channel=workspace.channel("db-ops"), topic="Quiet please")
    expect(page.get_by_test_id("channel-header")).to_contain_text("Quiet please")
    workspace.client.conversations_setTopic(
        channel=workspace.channel("db-ops"), topic="Backups, restores and maintenance windows"
    )
    expect(page.get_by_test_id("channel-header")).to_contain_text("Backups")
