"""What one browser tab shows: as whom, where, and how its acts are carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nicegui import Client
from nicegui.element import Element

from sandbox.acts import Acts
from sandbox.model import Channel, User
from sandbox.outcome import Impossible, Outcome
from sandbox.page.dates import Reader
from sandbox.page.dom import spawn
from sandbox.page.pen import GO_TO_CHANNEL, Pen
from sandbox.page.read_marks import ReadMarks
from sandbox.workspace import Workspace

Say = Callable[[str], None]


@dataclass
class Desk:
    """The state of one tab. `channel` is None while the app's home is shown; `thread` is the open thread's ts."""

    client: Client
    workspace: Workspace
    acts: Acts
    marks: ReadMarks
    reader: Reader
    user: User
    channel: Channel | None
    thread: str | None = None
    is_bench_open: bool = False
    sent: list[str] = field(default_factory=list)
    """What was sent from this tab, for recalling."""
    go_to_channel: Callable[[str], None] = field(default=lambda _channel: None)
    open_thread: Callable[[str], None] = field(default=lambda _ts: None)

    @property
    def pen(self) -> Pen:
        """Writes for whom the tab is."""
        return Pen(self.workspace, self.reader, self.user)

    def follow(self, word: str) -> None:
        """Do what a piece says was pressed: go to the channel that a text named."""
        if word.startswith(GO_TO_CHANNEL):
            self.go_to_channel(word.removeprefix(GO_TO_CHANNEL))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background of this tab."""
        spawn(self.client, work)

    async def attempt(self, act: Awaitable[Outcome], say: Say, busy: Element | None = None) -> Outcome | None:
        """Carry out an act; what went wrong is said, an empty text when nothing did. None when it was impossible."""
        try:
            with shown_busy(busy):
                outcome = await act
        except Impossible as problem:
            say(problem.detail)
            return None
        say(explain(outcome, self.workspace.app.name))
        return outcome


def explain(outcome: Outcome, app: str) -> str:
    """What a person is told about the outcome of an act; empty when the app answered properly."""
    match outcome.error:
        case None:
            return ""
        case "operation_timeout":
            return f"{app} did not answer within 3 seconds (operation_timeout)."
        case "dispatch_failed" if outcome.status is not None:
            return f"{app} answered with HTTP {outcome.status} (dispatch_failed)."
        case "dispatch_failed":
            return f"{app} could not be reached (dispatch_failed)."
        case error:
            return f"{app} gave an answer that a workspace does not accept ({error})."


@contextmanager
def shown_busy(element: Element | None) -> Iterator[None]:
    """Mark an element as waiting for the app, and keep it from being pressed again meanwhile."""
    if element is None:
        yield
        return
    element.classes(add="busy")
    element.props["aria-busy"] = "true"
    try:
        yield
    finally:
        if not element.is_deleted:
            element.classes(remove="busy")
            element.props["aria-busy"] = "false"
