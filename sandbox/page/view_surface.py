"""A modal or a home in front of one person: what was entered so far, and what its elements do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nicegui.element import Element

from sandbox.elements import Placed, complete_state, placed_elements
from sandbox.fitting import Misfit, fit, is_empty
from sandbox.model import Json, View
from sandbox.outcome import Outcome
from sandbox.page.confirm import ask
from sandbox.page.desk import Desk, Say
from sandbox.page.pen import Pen
from sandbox.uploads import receive_files

REQUIRED = "Please complete this required field."


class ViewSurface:
    """Acts on `view`. Drafts stay on the page until the next act carries them to the app."""

    def __init__(self, desk: Desk, view: View, say: Say) -> None:
        self._desk = desk
        self._say = say
        self._drafts: dict[tuple[str, str], Any] = {}
        self.view = view

    @property
    def pen(self) -> Pen:
        """Draws for the person at the desk."""
        return self._desk.pen

    def follow(self, word: str) -> None:
        """Go where a text leads."""
        self._desk.follow(word)

    def entered(self, placed: Placed) -> Json:
        """What the workspace holds for the element, with the draft over it."""
        state: Json = complete_state([placed.block], self.view.state)[placed.block_id][placed.action_id]
        key = (placed.block_id, placed.action_id)
        if key in self._drafts and placed.state_key is not None:
            return {**state, placed.state_key: self._drafts[key]}
        return state

    def keep(self, placed: Placed, value: Any) -> None:
        """Remember a draft."""
        self._drafts[placed.block_id, placed.action_id] = value

    def use(self, placed: Placed, value: Any = None, *, busy: Element | None = None) -> None:
        """Send the action, the drafts before it."""
        if placed.state_key is not None:
            self.keep(placed, value)

        async def work() -> None:
            await self._desk.attempt(self._act(placed, value), self._say, busy)

        self._desk.spawn(work())

    async def suggest(self, placed: Placed, query: str) -> list[Json]:
        """Ask the app."""
        return await self._desk.acts.suggest(self._desk.user.id, placed.action_id, query, view_id=self.view.id)

    async def confirmed(self, placed: Placed) -> bool:
        """Ask the person when the element says so."""
        return await ask(placed.element.get("confirm"), self.pen)

    def values(self) -> dict[str, dict[str, Any]]:
        """The drafts by block and action, for a submission."""
        values: dict[str, dict[str, Any]] = {}
        for placed in self._drafted():
            values.setdefault(placed.block_id, {})[placed.action_id] = self._drafts[placed.block_id, placed.action_id]
        return values

    def faults(self) -> dict[str, str]:
        """What a person must mend before submitting, by block id: what is missing, and what does not fit."""
        return {placed.block_id: fault for placed in _inputs(self.view.blocks) if (fault := self._fault(placed))}

    async def _act(self, placed: Placed, value: Any) -> Outcome:
        user, acts = self._desk.user.id, self._desk.acts
        for other in self._drafted():
            if not other.notifies:
                draft = self._drafts[other.block_id, other.action_id]
                if not self._fault(other, draft_only=True):
                    await acts.action(
                        user, action_id=other.action_id, value=draft, view_id=self.view.id, block_id=other.block_id
                    )
        return await acts.action(
            user, action_id=placed.action_id, value=value, view_id=self.view.id, block_id=placed.block_id
        )

    def _drafted(self) -> list[Placed]:
        here = placed_elements(self.view.blocks)
        return [placed for placed in here if (placed.block_id, placed.action_id) in self._drafts]

    def _fault(self, placed: Placed, *, draft_only: bool = False) -> str:
        value = self.entered(placed).get(placed.state_key or "")
        choices = value if isinstance(value, list) else [value]
        options = [choice for choice in choices if isinstance(choice, dict)]
        try:
            if placed.type == "file_input":
                receive_files(self._desk.workspace, self._desk.user, placed, value)
            state = fit(placed, value, options, lambda _kind, reference: reference)
        except Misfit as misfit:
            return str(misfit).removeprefix(f"{placed.action_id}: ").capitalize() + "."
        if is_empty(state) and not placed.block.get("optional") and not draft_only:
            return REQUIRED
        return ""


def _inputs(blocks: Iterable[Json]) -> list[Placed]:
    """The elements of input blocks; those in other blocks are never required."""
    return [placed for placed in placed_elements(list(blocks)) if placed.block["type"] == "input"]
