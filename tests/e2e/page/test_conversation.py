"""Reading and writing in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import Ack, App, Respond, Say

from tests.e2e.page.conftest import Register, Workspace, become, messages, send

pytestmark = pytest.mark.browser


def test_what_a_person_writes_is_posted_and_the_box_is_empty(page: Page, workspace: Workspace) -> None:
    send(page, "Good morning")
    expect(messages(page, "Good morning")).to_contain_text("Olive Operator")
    expect(page.get_by_test_id("composer")).to_have_value("")
    assert [message["text"] for message in workspace.person.messages("db-ops")] == ["Good morning"]


def test_shift_and_enter_break_the_line(page: Page, workspace: Workspace) -> None:
    box = page.get_by_test_id("composer")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.press("Enter")
    expect(messages(page, "one")).to_contain_text("two")
    assert workspace.person.messages("db-ops")[0]["text"] == "one\ntwo"


def test_what_is_typed_right_after_sending_is_kept(page: Page) -> None:
    page.get_by_test_id("composer").focus()
    page.keyboard.type("first")
    page.keyboard.press("Enter")
    page.keyboard.type("second")
    expect(messages(page, "first")).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_value("second")


def test_arrow_up_recalls_and_arrow_down_returns(page: Page) -> None:
    box = page.get_by_test_id("composer")
    send(page, "first")
    send(page, "second")
    expect(messages(page, "second")).to_be_visible()
    box.press("ArrowUp")
    expect(box).to_have_value("second")
    box.press("ArrowUp")
    expect(box).to_have_value("first")
    box.press("ArrowDown")
    expect(box).to_have_value("second")


def test_a_slash_offers_the_commands_of_the_manifest(page: Page) -> None:
    box, menu = page.get_by_test_id("composer"), page.get_by_test_id("slash-menu")
    box.press_sequentially("/")
    expect(menu).to_contain_text("[backup|restore|status]")
    expect(menu).to_contain_text("A second command")
    box.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("/baselines")
    box.press("Tab")
    expect(box).to_have_value("/baselines ")
    expect(menu).to_be_hidden()


def test_enter_completes_a_command_that_is_not_whole(page: Page) -> None:
    box = page.get_by_test_id("composer")
    box.press_sequentially("/bas")
    expect(page.get_by_test_id("slash-option")).to_have_count(2)
    box.press("Enter")
    expect(box).to_have_value("/baseliner ")
    expect(messages(page, "/bas")).to_have_count(0)


def test_a_command_reaches_the_app_and_its_answer_is_for_its_reader_alone(
    page: Page, listen: Callable[[Register], None]
) -> None:
    def register(app: App) -> None:
        @app.command("/baseliner")
        def baseliner(ack: Ack, command: dict[str, str], say: Say, respond: Respond) -> None:
            ack()
            say(f"*{command['text']}* was asked for")
            respond("This is *for you*")

    listen(register)
    send(page, "/baseliner status")
    expect(messages(page, "status was asked for")).to_be_visible()
    answer = messages(page, "This is for you")
    expect(answer).to_contain_text("Only visible to you")
    expect(answer.locator("strong")).to_have_text("for you")
    become(page, "ada")
    expect(messages(page, "status was asked for")).to_be_visible()
    expect(answer).to_have_count(0)
    become(page, "olive")
    expect(answer).to_be_visible()


def test_an_app_that_does_not_answer_is_reported(page: Page, listen: Callable[[Register], None]) -> None:
    listen(lambda _app: None)
    send(page, "/baseliner backup")
    expect(messages(page, "operation_timeout")).to_contain_text("Only visible to you")


def test_an_edited_message_changes_in_place(page: Page, workspace: Workspace) -> None:
    button = {"type": "button", "action_id": "stop", "text": {"type": "plain_text", "text": "Stop"}}
    actions = {"type": "actions", "block_id": "same", "elements": [button]}
    progress = {"type": "section", "block_id": "bar", "text": {"type": "mrkdwn", "text": "10 %"}}
    ts = workspace.post("10 %", blocks=[progress, actions])
    row = messages(page, "10 %")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Stop").focus()
    kept = page.evaluate("() => { window.kept = document.activeElement; return window.kept.innerText }")
    assert kept.strip() == "Stop"
    progress["text"] = {"type": "mrkdwn", "text": "90 %"}
    workspace.client.chat_update(channel=workspace.channel("db-ops"), ts=ts, text="90 %", blocks=[progress, actions])
    row = messages(page, "90 %")
    expect(row).to_contain_text("(edited)")
    expect(messages(page, "10 %")).to_have_count(0)
    expect(page.get_by_test_id("message")).to_have_count(1)
    assert page.evaluate("() => window.kept.isConnected && document.activeElement === window.kept")


def test_a_deleted_message_goes(page: Page, workspace: Workspace) -> None:
    ts = workspace.post("not for long")
    expect(messages(page, "not for long")).to_be_visible()
    workspace.client.chat_delete(channel=workspace.channel("db-ops"), ts=ts)
    expect(messages(page, "not for long")).to_have_count(0)


def test_a_thread_opens_beside_the_channel_and_takes_replies(page: Page, workspace: Workspace) -> None:
    ts = workspace.post("Backup runs")
    workspace.post("dumping", thread_ts=ts)
    link = page.get_by_test_id("open-thread")
    expect(link).to_contain_text("1 reply")
    expect(messages(page, "dumping")).to_have_count(0)
    link.click()
    thread = page.get_by_test_id("thread")
    expect(thread.get_by_test_id("message")).to_have_count(2)
    workspace.post("uploading", thread_ts=ts)
    expect(thread.get_by_test_id("message").last).to_contain_text("uploading")
    send(page, "thank you", "thread-composer")
    expect(thread.get_by_test_id("message").last).to_contain_text("thank you")
    expect(link).to_contain_text("3 replies")
    send(page, "/baseliner", "thread-composer")
    expect(page.get_by_text("/baseliner is not supported in threads")).to_be_visible()
    page.get_by_test_id("close-thread").click()
    expect(thread).to_be_hidden()


def test_unread_channels_are_marked_until_they_are_looked_at(page: Page, workspace: Workspace) -> None:
    alerts = page.get_by_test_id("channel-db-alerts")
    workspace.post("archiving stopped", "db-alerts")
    workspace.post("archiving still stopped", "db-alerts")
    expect(alerts.get_by_label("2 unread")).to_be_visible()
    alerts.click()
    expect(messages(page, "archiving stopped")).to_be_visible()
    expect(alerts.locator(".sidebar__count")).to_be_hidden()
    expect(page).to_have_url(f"{workspace.url}/?as=olive&in=db-alerts")


def test_new_messages_come_into_view_at_the_end_but_not_for_who_reads_above(page: Page, workspace: Workspace) -> None:
    for number in range(40):
        workspace.post(f"line {number}\nand more")
    expect(messages(page, "line 39")).to_be_in_viewport()
    top = messages(page, "line 3\n").or_(messages(page, "line 5")).first
    top.scroll_into_view_if_needed()
    workspace.post("the newest")
    expect(messages(page, "the newest")).to_be_attached()
    expect(top).to_be_in_viewport()
    expect(messages(page, "the newest")).not_to_be_in_viewport()
    send(page, "mine")
    expect(messages(page, "mine")).to_be_in_viewport()


def test_times_are_in_the_readers_zone(page: Page, workspace: Workspace) -> None:
    workspace.post("at <!date^1768305600^{date_num} {time}|fallback>")
    shown = messages(page, "at 2026-01-13 17:30")
    expect(shown.locator("time.date")).to_have_attribute("title", "Tuesday, January 13th, 2026 at 17:30:00 IST")


def test_two_tabs_can_be_two_people(page: Page, workspace: Workspace) -> None:
    other = page.context.new_page()
    other.goto(f"{workspace.url}/?as=ada&in=db-ops")
    expect(other.get_by_test_id("person-switcher")).to_contain_text("You are: Approver")
    send(page, "can you look?")
    expect(messages(other, "can you look?")).to_contain_text("Olive Operator")
    other.reload()
    expect(other.get_by_test_id("person-switcher")).to_contain_text("Ada Approver")


def test_the_sidebar_hides_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 760})
    sidebar = page.get_by_test_id("sidebar")
    expect(sidebar).to_be_hidden()
    page.get_by_test_id("open-sidebar").click()
    expect(sidebar).to_be_visible()
    page.get_by_test_id("channel-db-alerts").click()
    expect(sidebar).to_be_hidden()
    expect(page.get_by_test_id("channel-header")).to_contain_text("db-alerts")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 400
