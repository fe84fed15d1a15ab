"""A message in front of one person: what its buttons and menus do."""

from __future__ import annotations

from typing import Any

from nicegui.element import Element

from sandbox.elements import Placed, complete_state
from sandbox.model import Json, Message
from sandbox.page.confirm import ask
from sandbox.page.desk import Desk, Say
from sandbox.page.pen import Pen


class MessageSurface:
    """Acts on `message`; what goes wrong is said with `say`."""

    def __init__(self, desk: Desk, message: Message, say: Say) -> None:
        self._desk = desk
        self._say = say
        self.message = message

    @property
    def pen(self) -> Pen:
        """Draws for the person at the desk."""
        return self._desk.pen

    def follow(self, word: str) -> None:
        """Go where a text leads."""
        self._desk.follow(word)

    def entered(self, placed: Placed) -> Json:
        """What the person chose in this message."""
        known = self._desk.workspace.messages.entered(self.message, self._desk.user.id)
        state: Json = complete_state([placed.block], known)[placed.block_id][placed.action_id]
        return state

    def keep(self, placed: Placed, value: Any) -> None:
        """Inputs in messages keep what was entered in the workspace."""
        self.use(placed, value)

    def use(self, placed: Placed, value: Any = None, *, busy: Element | None = None) -> None:
        """Send the action."""
        message = self.message
        act = self._desk.acts.action(
            self._desk.user.id, message.channel, message.ts, placed.action_id, value, block_id=placed.block_id
        )

        async def work() -> None:
            await self._desk.attempt(act, self._say, busy)

        self._desk.spawn(work())

    async def suggest(self, placed: Placed, query: str) -> list[Json]:
        """Ask the app."""
        return await self._desk.acts.suggest(
            self._desk.user.id, placed.action_id, query, channel=self.message.channel, ts=self.message.ts
        )

    async def confirmed(self, placed: Placed) -> bool:
        """Ask the person when the element says so."""
        return await ask(placed.element.get("confirm"), self.pen)
