"""Bolt listeners for tests of the page, and the fields that people fill in."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page
from slack_bolt import Ack, App
from slack_sdk import WebClient

from sandbox.model import Json


def opens(view: Json) -> Callable[[App], None]:
    """Registers /baseliner, which opens the view."""

    def register(app: App) -> None:
        @app.command("/baseliner")
        def open_view(ack: Ack, body: Json, client: WebClient) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=view)

    return register


def heard(app: App, action_id: str) -> list[Json]:
    """The payloads of this action, as they come."""
    payloads: list[Json] = []

    @app.action(action_id)
    def hear(ack: Ack, body: Json) -> None:
        ack()
        payloads.append(body)

    return payloads


def field(page: Page, action_id: str) -> Locator:
    """The native input of an element."""
    return page.get_by_test_id(f"action-{action_id}").locator("input, textarea").first
