"""The modals that people have open, one stack each, and their App Homes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any, Literal

from sandbox.changes import Changes, HomePublished, ViewClosed, ViewOpened, ViewUpdated
from sandbox.clock import Timestamps
from sandbox.elements import complete_state
from sandbox.filling import filled_blocks, with_text_defaults
from sandbox.identifiers import block_id, identifier
from sandbox.model import Json, StateValues, View

MAX_STACK = 3
"""Modals on top of each other. Source: docs, surfaces/modals."""


class Views:
    """Opens, updates and closes views, and publishes each change."""

    def __init__(self, timestamps: Timestamps, random: Random, changes: Changes) -> None:
        self._timestamps = timestamps
        self._random = random
        self._changes = changes
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """The person's open modals, topmost last."""
        return list(self._stacks.get(user, ()))

    def home(self, user: str) -> View | None:
        """The person's App Home as last published."""
        return self._homes.get(user)

    def get(self, view_id: str) -> View | None:
        """The open modal or published home of this id."""
        return next((view for view in self._all() if view.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        """The view that the app named so."""
        return next((view for view in self._all() if external_id and view.external_id == external_id), None)

    def open(self, user: str, content: Json) -> View:
        """Show a modal in place of what the person has open."""
        self.close_all(user)
        return self._put(self._new(user, "modal", content))

    def push(self, user: str, content: Json) -> View:
        """Put a modal on top of the person's stack."""
        stack = self._stacks[user]
        view = self._new(user, "modal", content)
        return self._put(replace(view, root_view_id=stack[0].id, previous_view_id=stack[-1].id))

    def publish(self, user: str, content: Json) -> View:
        """Set the person's App Home."""
        current = self._homes.get(user)
        if current is not None:
            return self.update(current, content)
        home = self._new(user, "home", content)
        self._homes[user] = home
        self._changes.publish(HomePublished(home))
        return home

    def update(self, view: View, content: Json) -> View:
        """Replace the content; what was entered stays where block and action ids stay."""
        content = self._filled(content)
        state = complete_state(content["blocks"], view.state)
        return self._replace(
            replace(view, content=content, state=state, hash=self._hash(), errors={}),
        )

    def enter(self, view: View, values: StateValues) -> View:
        """Remember what the person has entered."""
        return self._replace(replace(view, state=complete_state(view.blocks, values)))

    def reject(self, view: View, errors: Mapping[str, str]) -> View:
        """Show what the app found wrong, by block id."""
        return self._replace(replace(view, errors=dict(errors)))

    def close(self, view: View) -> None:
        """Close this modal and whatever lies on top of it."""
        stack = self._stacks[view.user]
        while stack:
            top = stack.pop()
            self._changes.publish(ViewClosed(top))
            if top.id == view.id:
                return

    def close_all(self, user: str) -> None:
        """Close the person's whole stack."""
        stack = self._stacks.get(user)
        if stack:
            self.close(stack[0])

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + list(self._homes.values())

    def _new(self, user: str, kind: Literal["modal", "home"], content: Json) -> View:
        view_id = identifier(self._random, "V")
        content = self._filled(content)
        return View(
            id=view_id,
            user=user,
            type=kind,
            content=content,
            hash=self._hash(),
            root_view_id=view_id,
            state=complete_state(content["blocks"], {}),
        )

    def _put(self, view: View) -> View:
        self._stacks.setdefault(view.user, []).append(view)
        self._changes.publish(ViewOpened(view))
        return view

    def _replace(self, view: View) -> View:
        if view.type == "home":
            self._homes[view.user] = view
            self._changes.publish(HomePublished(view))
            return view
        stack = self._stacks[view.user]
        stack[[entry.id for entry in stack].index(view.id)] = view
        self._changes.publish(ViewUpdated(view))
        return view

    def _hash(self) -> str:
        return f"{self._timestamps.next()}.{block_id(self._random)}"

    def _filled(self, content: Json) -> dict[str, Any]:
        blocks = filled_blocks(content["blocks"], lambda: block_id(self._random))
        return {**with_text_defaults(content), "blocks": blocks}
