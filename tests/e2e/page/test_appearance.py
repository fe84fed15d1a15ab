"""Dark and light, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.page.answering import opens
from tests.e2e.page.builders import modal, plain, text_input
from tests.e2e.page.conftest import Register, Workspace, send
from tests.support import eventually

pytestmark = pytest.mark.browser
BRIGHTNESS = """() => {
  const [red, green, blue] = getComputedStyle(document.querySelector(".main")).color.match(/\\d+/g).map(Number);
  return (red + green + blue) / 3;
}"""


def test_the_page_follows_the_readers_system_and_turns_on_request(page: Page) -> None:
    dark = re.compile("body--dark")
    expect(page.locator("body")).not_to_have_class(dark)
    assert page.evaluate(BRIGHTNESS) < 100
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_class(dark)
    eventually(lambda: page.evaluate(BRIGHTNESS) > 150)
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).not_to_have_class(dark)
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).to_have_class(dark)


def test_a_modal_can_be_used_on_a_narrow_screen(
    page: Page, workspace: Workspace, listen: Callable[[Register], None]
) -> None:
    picker = {"type": "file_input", "action_id": "files", "filetypes": ["png", "jpg", "pdf", "csv", "txt"]}
    files = {"type": "input", "block_id": "files", "label": plain("Evidence"), "element": picker}
    fields = [text_input(f"field{number}", f"Field {number}", multiline=True) for number in range(5)]
    listen(opens(modal(*fields, files)))
    page.set_viewport_size({"width": 400, "height": 700})
    send(page, "/baseliner restore")
    submit = page.get_by_test_id("modal-submit")
    expect(submit).to_be_in_viewport()
    submit.click()
    expect(page.get_by_test_id("error-field0")).to_be_in_viewport()
    last = page.get_by_test_id("action-files")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    expect(submit).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 400
