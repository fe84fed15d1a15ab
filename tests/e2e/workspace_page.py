"""The sandbox's page as a person uses it, by Playwright."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_PATIENCE_MS = 120_000


@contextmanager
def chromium() -> Generator[Browser]:
    """Debian's, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class WorkspacePage:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(url)
        expect(page.get_by_test_id("composer")).to_be_visible(timeout=_PATIENCE_MS)

    def type(self, text: str) -> None:
        """Type into the composer and press Enter."""
        composer = self.page.get_by_test_id("composer")
        composer.click()
        composer.fill(text)
        composer.press("Enter")
        expect(composer).to_have_value("")

    def be(self, name: str) -> None:
        """Become the person of this user name. What stood there is drawn anew: a click on the old would be lost."""
        shown = self.page.get_by_test_id("messages").get_by_test_id("message")
        before = shown.last.element_handle() if shown.count() else None
        self.page.get_by_test_id(f"be-{name}").click()
        if before is not None:
            before.wait_for_element_state("hidden")

    def open(self, channel: str) -> None:
        self.page.get_by_test_id(f"channel-{channel}").click()
        expect(self.page.get_by_test_id("channel-header")).to_contain_text(channel)

    def message(self, *words: str, thread: bool = False) -> Locator:
        """The newest message that says all of these, once it stands there."""
        place = self.page.get_by_test_id("thread-messages" if thread else "messages")
        found = place.get_by_test_id("message")
        for text in words:
            found = found.filter(has_text=text)
        expect(found.last).to_be_visible(timeout=_PATIENCE_MS)
        return found.last

    @property
    def modal(self) -> Locator:
        return self.page.get_by_test_id("modal")

    def enter(self, label: str, value: str) -> None:
        self.modal.get_by_label(re.compile(f"^{re.escape(label)}")).fill(value)

    def choose_first(self, label: str) -> None:
        """Open the select of this label and take its first option."""
        self.modal.get_by_label(re.compile(f"^{re.escape(label)}")).click()
        self.page.get_by_role("option").first.click()

    def submit(self) -> None:
        self.page.get_by_test_id("modal-submit").click()

    def press(self, message: Locator, button: str) -> None:
        """Press a message's button; the dialog that it may open is another matter."""
        message.get_by_role("button", name=button, exact=True).click()

    def open_thread(self, message: Locator) -> None:
        message.get_by_test_id("open-thread").click()
