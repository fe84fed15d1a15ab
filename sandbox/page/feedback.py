"""The buttons below an answer. Source: docs, reference/block-kit/blocks/context-actions-block."""

from __future__ import annotations

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.dom import Piece, node, spawn
from sandbox.page.surface import Surface
from sandbox.page.tree import icon, part

_SIGNS = {"positive": "o_thumb_up", "negative": "o_thumb_down"}


def draw_feedback(placed: Placed, surface: Surface) -> None:
    """Two thumbs; the one that was pressed stays marked."""
    pieces: dict[str, Piece] = {}

    def press(kind: str) -> None:
        for other, piece in pieces.items():
            piece.show(_thumb(placed, surface, other, pressed=other == kind))
        surface.use(placed, kind, busy=pieces[kind])

    with node("div", "feedback", role="group", aria_label="Feedback"):
        for kind in _SIGNS:
            pieces[kind] = Piece(_thumb(placed, surface, kind, pressed=False), press)


def _thumb(placed: Placed, surface: Surface, kind: str, *, pressed: bool) -> Json:
    given = placed.element[f"{kind}_button"]
    return part(
        "button",
        "button button--plain button--small",
        icon(_SIGNS[kind]),
        part("span", "button__text", *surface.pen.plain(given["text"])),
        act=kind,
        type="button",
        aria_label=given.get("accessibility_label"),
        aria_pressed=str(pressed).lower(),
    )


def draw_icon_button(placed: Placed, surface: Surface) -> None:
    """An icon whose words are its name; only those see it whom it is for."""
    element = placed.element
    visible_to = element.get("visible_to_user_ids")
    if visible_to and surface.pen.viewer.id not in visible_to:
        return
    words = str(element["text"]["text"])
    label = element.get("accessibility_label") or words
    tree = part("button", "tool", icon("o_delete"), act="press", type="button", aria_label=label, title=words)
    pressed = Piece(tree, lambda _word: spawn(pressed.client, press()))

    async def press() -> None:
        if await surface.confirmed(placed):
            surface.use(placed, busy=pressed)
