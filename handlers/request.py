"""A typed command on its way to the function that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from bot.models import Actor
from handlers.directory import Person
from handlers.ids import ModalContext
from handlers.reply import Reply
from handlers.views.blocks import Block


@dataclass(frozen=True)
class Request:
    """Who asked what, where, and the ways to answer."""

    person: Person
    channel: str
    arguments: tuple[str, ...]
    trigger_id: str
    client: WebClient
    reply: Reply

    @property
    def actor(self) -> Actor:
        return self.person.actor

    def modal_context(self, target: str | None = None) -> ModalContext:
        return ModalContext(self.channel, target)

    def open_modal(self, view: Block) -> None:
        """The trigger lives for three seconds (source: docs.slack.dev/interactivity)."""
        self.client.views_open(trigger_id=self.trigger_id, view=view)


@dataclass(frozen=True)
class Form:
    """What was entered in a dialog, by action id."""

    view: dict[str, Any]

    def text(self, action_id: str) -> str:
        return self._state(action_id).get("value") or ""

    def selected(self, action_id: str) -> str | None:
        option = self._state(action_id).get("selected_option")
        return str(option["value"]) if option else None

    def seconds(self, action_id: str) -> int:
        """Of a date and time, since 1970; 0 when none was entered."""
        return int(self._state(action_id).get("selected_date_time") or 0)

    def block_of(self, action_id: str) -> str:
        """The block where an error about this input is shown."""
        values = self.view["state"]["values"]
        return str(next(block_id for block_id, actions in values.items() if action_id in actions))

    def _state(self, action_id: str) -> dict[str, Any]:
        for actions in self.view["state"]["values"].values():
            if action_id in actions:
                state: dict[str, Any] = actions[action_id]
                return state
        return {}
