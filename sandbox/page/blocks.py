"""The blocks of one message, modal or home on the page, kept up to date in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.block_trees import block_tree, picture, section_body
from sandbox.page.controls import draw_control
from sandbox.page.dom import Piece, node
from sandbox.page.surface import Surface
from sandbox.page.tree import part


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block on the page, and where its error text goes if it is an input."""

    block: Json
    element: Element
    error: ui.label | None = None


class BlockList:
    """Showing other blocks replaces only those that changed: what a person is using stays the same element."""

    def __init__(self, container: Element, surface: Surface) -> None:
        self._container = container
        self._surface = surface
        self._drawn: list[Drawn] = []

    def show(self, blocks: Sequence[Json]) -> None:
        """Make the page show these blocks."""
        for place, block in enumerate(blocks):
            if place == len(self._drawn):
                self._drawn.append(self._draw(block))
            elif self._drawn[place].block != block:
                self._replace(place, block)
        for gone in self._drawn[len(blocks) :]:
            gone.element.delete()
        del self._drawn[len(blocks) :]

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Put an error text under each input that is named by its block id, and clear the others."""
        for drawn in self._drawn:
            if drawn.error is not None:
                text = errors.get(str(drawn.block.get("block_id")), "")
                drawn.error.set_text(text)
                drawn.error.set_visibility(bool(text))
                drawn.element.classes(**{"add" if text else "remove": "input--wrong"})

    def _replace(self, place: int, block: Json) -> None:
        before = self._drawn[place]
        if isinstance(before.element, Piece) and not _is_interactive(block):
            before.element.show(block_tree(block, self._surface.pen))
            self._drawn[place] = Drawn(block, before.element)
            return
        self._drawn[place] = drawn = self._draw(block)
        drawn.element.move(self._container, place)
        before.element.delete()

    def _draw(self, block: Json) -> Drawn:
        with self._container:
            return draw_block(block, self._surface)


def draw_block(block: Json, surface: Surface) -> Drawn:
    """Draw one block in the current slot."""
    if not _is_interactive(block):
        return Drawn(block, Piece(block_tree(block, surface.pen), surface.follow))
    kind = str(block["type"])
    error = None
    with node("div", f"kit kit--{kind.replace('_', '-')}") as element:
        match kind:
            case "section":
                _section(block, surface)
            case "input":
                error = _input(block, surface)
            case _:
                for entry in block["elements"]:
                    _element(block, entry, surface)
    return Drawn(block, element, error)


def _is_interactive(block: Json) -> bool:
    kind = block.get("type")
    return kind in ("actions", "context_actions", "input") or (kind == "section" and "accessory" in block)


def _section(block: Json, surface: Surface) -> None:
    Piece(section_body(block, surface.pen), surface.follow)
    with node("div", "section__accessory"):
        _element(block, block["accessory"], surface)


def _input(block: Json, surface: Surface) -> ui.label:
    placed = Placed(block, block["element"])
    star = part("span", "input__required", "*", title="Required")
    optional = part("span", "input__optional", "(optional)")
    label = part("span", "", *surface.pen.plain(block["label"]))
    Piece(part("div", "input__label", label, optional if block.get("optional") else star))
    draw_control(placed, surface)
    error = ui.label().classes("input__error")
    error.props.update({"role": "alert", "data-testid": f"error-{placed.block_id}"})
    error.set_visibility(False)
    if "hint" in block:
        Piece(part("div", "input__hint", *surface.pen.plain(block["hint"])))
    return error


def _element(block: Json, element: Json, surface: Surface) -> None:
    if element["type"] == "image":
        Piece(picture(element, "thumbnail"))
    elif "action_id" in element and "block_id" in block:
        draw_control(Placed(block, element), surface)
