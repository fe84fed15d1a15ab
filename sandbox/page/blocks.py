"""The blocks of one message, modal or home on the page, kept up to date in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from nicegui import ui
from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.block_trees import block_tree, container_head, section_body
from sandbox.page.card_trees import card_words
from sandbox.page.controls import draw_control
from sandbox.page.dom import Piece, node
from sandbox.page.picture import picture
from sandbox.page.surface import Surface
from sandbox.page.table_trees import data_table, page_count
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
        """Put an error text under each input that is named by its block id, the first in sight; clear the others."""
        wrong: list[ui.label] = []
        for drawn in self._drawn:
            if drawn.error is not None:
                text = errors.get(str(drawn.block.get("block_id")), "")
                drawn.error.set_text(text)
                drawn.error.set_visibility(bool(text))
                drawn.element.classes(**{"add" if text else "remove": "input--wrong"})
                wrong += [drawn.error] if text else []
        if wrong:
            ui.run_javascript(f"getHtmlElement({wrong[0].id}).scrollIntoView({{block: 'nearest'}})")

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
    css = f"kit kit--{kind.replace('_', '-')}"
    with node("div", css, data_block_id=block.get("block_id")) as element:
        error = INTERACTIVE_BLOCKS[kind](block, surface)
    return Drawn(block, element, error)


def _is_interactive(block: Json) -> bool:
    kind = block.get("type")
    if kind in ("section", "card"):
        return ("accessory" if kind == "section" else "actions") in block
    return kind in INTERACTIVE_BLOCKS


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


def _elements(block: Json, surface: Surface) -> None:
    for entry in block["elements"]:
        _element(block, entry, surface)


def _card(block: Json, surface: Surface) -> None:
    with node("div", "card"):
        Piece(card_words(block, surface.pen), surface.follow)
        with node("div", "card__actions"):
            for action in block["actions"]:
                _element(block, action, surface)


def _carousel(block: Json, surface: Surface) -> None:
    with node("div", "carousel", tabindex=0, role="group", aria_label="Cards"):
        for card in block["elements"]:
            draw_block(card, surface)


def _container(block: Json, surface: Surface) -> None:
    width, ruled = block.get("width") or "standard", block.get("has_header_divider")
    css = f"box box--{width}" + (" box--ruled" if ruled else "")
    if not block.get("is_collapsible"):
        with node("div", css):
            Piece(container_head(block, surface.pen), surface.follow)
            _children(block, surface)
        return
    with node("details", css, open=not block.get("default_collapsed")):
        with node("summary", "box__summary"):
            Piece(container_head(block, surface.pen), surface.follow)
        _children(block, surface)


def _children(block: Json, surface: Surface) -> None:
    with node("div", "box__children"):
        for child in block["child_blocks"]:
            draw_block(child, surface)


def _data_table(block: Json, surface: Surface) -> None:
    def turn(word: str) -> None:
        if word.isdecimal():
            shown.show(data_table(block, surface.pen, min(int(word), page_count(block) - 1)))
        else:
            surface.follow(word)

    shown = Piece(data_table(block, surface.pen, 0), turn)


def _element(block: Json, element: Json, surface: Surface) -> None:
    if element["type"] == "image":
        Piece(picture(element, "thumbnail", surface.pen))
    elif "action_id" in element and "block_id" in block:
        draw_control(Placed(block, element), surface)


_Draw: TypeAlias = Callable[[Json, Surface], ui.label | None]
INTERACTIVE_BLOCKS: Mapping[str, _Draw] = MappingProxyType(
    {
        "section": _section,
        "actions": _elements,
        "context_actions": _elements,
        "input": _input,
        "card": _card,
        "carousel": _carousel,
        "container": _container,
        "data_table": _data_table,
    }
)
"""How each type of block is drawn that has something to use in it, for an input with the place of its error."""
