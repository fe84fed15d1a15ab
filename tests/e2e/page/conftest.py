"""A workspace with its page in a process of its own, a real Bolt app behind it, and a real browser before it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.model import Json
from sandbox.person import PersonClient
from tests.e2e.screenshots import keep_screenshot
from tests.support import eventually

ROOT = Path(__file__).parents[3]
Register = Callable[[App], None]
_NOWHERE = "about:blank"
_SIZE: ViewportSize = {"width": 1280, "height": 800}


@dataclass(frozen=True)
class Workspace:
    """The served workspace: people act over `person`, the app over `client`."""

    url: str
    person: PersonClient
    client: WebClient
    description: Json

    def channel(self, name: str) -> str:
        """A channel's id."""
        return next(str(channel["id"]) for channel in self.description["channels"] if channel["name"] == name)

    def user(self, name: str) -> str:
        """A person's id."""
        return next(str(user["id"]) for user in self.description["users"] if user["name"] == name)

    def post(self, text: str, channel: str = "db-ops", **more: object) -> str:
        """Post as the app; returns the message's ts."""
        answer = self.client.chat_postMessage(channel=self.channel(channel), text=text, **more)  # type: ignore[arg-type]
        return str(answer["ts"])


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of one process that serves all tests of this worker."""
    command = [sys.executable, "-m", "tests.e2e.page.serve"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        assert process.wait(timeout=30) == 0


@pytest.fixture
def workspace(server: str) -> Iterator[Workspace]:
    """An empty workspace; the app has one second to acknowledge."""
    httpx.post(f"{server}/test/reset", trust_env=False).raise_for_status()
    with PersonClient(server) as person:
        described = person.workspace()
        yield Workspace(server, person, WebClient(token=described["bot_token"], base_url=f"{server}/api/"), described)


@pytest.fixture
def listen(workspace: Workspace) -> Iterator[Callable[[Register], None]]:
    """Starts a Bolt app over Socket Mode once its listeners are registered."""
    with ExitStack() as stack:

        def start(register: Register) -> None:
            app = App(client=workspace.client, signing_secret=workspace.description["signing_secret"])
            register(app)
            handler = SocketModeHandler(app, workspace.description["app_token"])
            handler.connect()  # type: ignore[no-untyped-call]
            stack.callback(_stop, handler, workspace.url)
            eventually(handler.client.is_connected)

        yield start


def _stop(handler: SocketModeHandler, url: str) -> None:
    handler.client.auto_reconnect_enabled = False
    httpx.post(f"{url}/test/drop_sockets", trust_env=False).raise_for_status()
    eventually(lambda: not handler.client.is_connected())
    handler.close()  # type: ignore[no-untyped-call]  # waits for the SDK's receive timeout while it is connected


@dataclass(frozen=True)
class Window:
    """A reader's window. Its page is the same in all tests, since a page whose scripts are compiled loads in a third
    of the time; all else is as in a new one."""

    page: Page
    complaints: list[str]
    """what the browser complained of"""

    def renew(self) -> None:
        """Forget the test before."""
        for other in self.page.context.pages:
            if other is not self.page:
                other.close()
        if self.page.url != _NOWHERE:
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto(_NOWHERE)
        self.page.context.clear_cookies()
        self.page.set_viewport_size(_SIZE)
        self.page.emulate_media(color_scheme="light")
        self.page.mouse.move(0, 0)
        self.complaints.clear()


@pytest.fixture(scope="session")
def window(browser: Browser, server: str) -> Iterator[Window]:
    """A browser of one reader in Kolkata, where no server of ours stands."""
    context = browser.new_context(timezone_id="Asia/Kolkata", locale="en-GB")
    context.set_default_timeout(60_000)
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: complaints.append(request.url) if is_foreign(request.url, server) else None)
    yield Window(page, complaints)
    context.close()


@pytest.fixture
def page(window: Window, workspace: Workspace, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, open as the operator in #db-ops. Anything the browser complains of fails the test."""
    window.renew()
    page = window.page
    page.goto(f"{workspace.url}/?as=olive&in=db-ops")
    expect(page.get_by_test_id("composer")).to_be_focused()
    yield page
    keep_screenshot(page, request.node.nodeid)
    complaints = list(window.complaints)
    window.renew()
    assert complaints == []


def is_foreign(url: str, server: str) -> bool:
    """True for a request that leaves the workspace."""
    return not url.startswith((server, server.replace("http", "ws"), "data:", "blob:", _NOWHERE))


def send(page: Page, text: str, box: str = "composer") -> None:
    """Type and press Enter."""
    page.get_by_test_id(box).fill(text)
    page.get_by_test_id(box).press("Enter")


def messages(page: Page, text: str) -> Locator:
    """The channel's messages that contain a text."""
    return page.get_by_test_id("messages").get_by_test_id("message").filter(has_text=text)


def become(page: Page, name: str) -> None:
    """Switch to another person."""
    page.get_by_test_id("person-switcher").click()
    page.get_by_test_id(f"person-{name}").click()
