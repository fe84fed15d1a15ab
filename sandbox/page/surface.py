"""What the elements of a message, a modal or a home act on."""

from __future__ import annotations

from typing import Any, Protocol

from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.pen import Pen


class Surface(Protocol):
    """A message or a view in front of one person."""

    @property
    def pen(self) -> Pen:
        """Draws text for that person."""

    def follow(self, word: str) -> None:
        """Do what a piece of text says was pressed."""

    def entered(self, placed: Placed) -> Json:
        """What the element holds now, in the shape of Slack's state."""

    def keep(self, placed: Placed, value: Any) -> None:
        """Remember what was entered; the app hears of it with the next act."""

    def use(self, placed: Placed, value: Any = None, *, busy: Element | None = None) -> None:
        """Use the element: what was entered is kept and the app is told. `busy` shows it until the app answered."""

    async def suggest(self, placed: Placed, query: str) -> list[Json]:
        """The options that the app offers for what was typed."""

    async def confirmed(self, placed: Placed) -> bool:
        """True when the element asks for no confirmation or the person gave it."""


def control_label(placed: Placed) -> str:
    """What a screen reader calls the element: its own label, that of its input block, or its placeholder."""
    label = placed.element.get("accessibility_label") or (placed.block.get("label") or {}).get("text")
    placeholder = (placed.element.get("placeholder") or {}).get("text")
    return str(label or placeholder or placed.action_id)
