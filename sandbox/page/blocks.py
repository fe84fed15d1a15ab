"""Blocks of messages, modals and homes. Source: docs, reference/block-kit/blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from nicegui import ui
from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.page.controls import draw_control
from sandbox.page.dom import icon, node
from sandbox.page.markdown import markdown_to_mrkdwn
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.rich_text import parse_rich_text
from sandbox.page.surface import Surface


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block on the page, and where its error text goes if it is an input."""

    block: Json
    element: Element
    error: ui.label | None = None


class BlockList:
    """The blocks of one surface. Showing other blocks replaces only those that changed: nothing else moves."""

    def __init__(self, container: Element, surface: Surface) -> None:
        self._container = container
        self._surface = surface
        self._drawn: list[Drawn] = []

    def show(self, blocks: Sequence[Json]) -> None:
        """Make the page show these blocks."""
        for place, block in enumerate(blocks):
            if place < len(self._drawn) and self._drawn[place].block == block:
                continue
            with self._container:
                drawn = draw_block(block, self._surface)
            if place < len(self._drawn):
                self._drawn[place].element.delete()
                self._drawn[place] = drawn
                drawn.element.move(self._container, place)
            else:
                self._drawn.append(drawn)
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


def draw_block(block: Json, surface: Surface) -> Drawn:
    """Draw one block in the current slot; what is not known here is named, not hidden."""
    kind = str(block.get("type"))
    with node("div", f"kit kit--{kind.replace('_', '-')}", data_block_id=block.get("block_id")) as element:
        error = _BLOCKS.get(kind, _unknown)(block, surface)
    return Drawn(block, element, error)


def _section(block: Json, surface: Surface) -> None:
    with node("div", "section__body"):
        if "text" in block:
            with node("div", "mrkdwn"):
                surface.pen.text_object(block["text"])
        if block.get("fields"):
            with node("div", "section__fields"):
                for field in block["fields"]:
                    with node("div", "mrkdwn"):
                        surface.pen.text_object(field)
    if "accessory" in block:
        with node("div", "section__accessory"):
            _element(block, block["accessory"], surface)


def _header(block: Json, surface: Surface) -> None:
    with node("h4", "header-block"):
        surface.pen.plain(block["text"])


def _divider(_block: Json, _surface: Surface) -> None:
    node("hr", "divider")


def _context(block: Json, surface: Surface) -> None:
    for element in block["elements"]:
        if element["type"] == "image":
            _picture(element, "context__image")
        else:
            with node("span", "context__text mrkdwn"):
                surface.pen.text_object(element)


def _actions(block: Json, surface: Surface) -> None:
    for element in block["elements"]:
        _element(block, element, surface)


def _image(block: Json, surface: Surface) -> None:
    with node("figure", "figure"):
        if "title" in block:
            with node("figcaption", "figure__title"):
                surface.pen.plain(block["title"])
        _picture(block, "figure__image")


def _rich_text(block: Json, surface: Surface) -> None:
    with node("div", "mrkdwn"):
        surface.pen.blocks(parse_rich_text(block))


def _markdown(block: Json, surface: Surface) -> None:
    with node("div", "mrkdwn"):
        surface.pen.mrkdwn(markdown_to_mrkdwn(str(block.get("text", ""))))


def _table(block: Json, surface: Surface) -> None:
    with node("div", "table-scroll"), node("table", "table"), node("tbody"):
        for number, row in enumerate(block.get("rows") or ()):
            with node("tr"):
                for cell in row:
                    with node("td" if number else "th", "mrkdwn"):
                        if cell.get("type") == "rich_text":
                            surface.pen.blocks(parse_rich_text(cell))
                        else:
                            node("span", "", str(cell.get("text", "")))


def _input(block: Json, surface: Surface) -> ui.label:
    placed = Placed(block, block["element"])
    with node("div", "input__label"):
        with node("span"):
            surface.pen.plain(block["label"])
        if block.get("optional"):
            node("span", "input__optional", "(optional)")
        else:
            node("span", "input__required", "*", title="Required")
    with node("div", "input__control"):
        draw_control(placed, surface)
    error = ui.label().classes("input__error")
    error.props["role"] = "alert"
    error.props["data-testid"] = f"error-{placed.block_id}"
    error.set_visibility(False)
    if "hint" in block:
        with node("div", "input__hint"):
            surface.pen.plain(block["hint"])
    return error


def _unknown(block: Json, _surface: Surface) -> None:
    with node("div", "unknown"):
        icon("help_outline")
        node("span", "", f"A block of type “{block.get('type')}”, which this page does not draw.")


def _element(block: Json, element: Json, surface: Surface) -> None:
    if element["type"] == "image":
        _picture(element, "thumbnail")
    elif "action_id" in element and "block_id" in block:
        draw_control(Placed(block, element), surface)


def _picture(image: Json, css: str) -> None:
    source, alternative = str(image.get("image_url") or ""), str(image.get("alt_text") or "")
    if source.startswith(("https://", "http://")) and is_safe_url(source):
        node("img", css, src=source, alt=alternative, title=alternative, loading="lazy", referrerpolicy="no-referrer")
    else:
        node("span", f"{css} picture-missing", alternative, role="img", aria_label=alternative)


_Draw: TypeAlias = Callable[[Json, Surface], ui.label | None]
_BLOCKS: Mapping[str, _Draw] = MappingProxyType(
    {
        "section": _section,
        "header": _header,
        "divider": _divider,
        "context": _context,
        "actions": _actions,
        "context_actions": _actions,
        "image": _image,
        "input": _input,
        "rich_text": _rich_text,
        "markdown": _markdown,
        "table": _table,
    }
)
