"""What hangs on a message: attachments in the older form, and files."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from nicegui import ui

from sandbox.model import Json, SharedFile
from sandbox.page.blocks import draw_block
from sandbox.page.dom import button, icon, node
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.surface import Surface

_COLOURS = {"good": "#2e8b57", "warning": "#c98a1b", "danger": "#c0392b"}
_HEX = re.compile(r"#?[0-9a-fA-F]{6}")
_PREVIEWED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PREVIEW_BYTES = 700_000


def draw_attachments(attachments: Sequence[Json], surface: Surface) -> None:
    """Each with its coloured bar. Source: docs, reference/messaging/secondary-attachments."""
    for attachment in attachments:
        with node("div", "attachment") as box:
            box.style["border-left-color"] = bar_colour(str(attachment.get("color") or ""))
            _draw_attachment(attachment, surface)


def bar_colour(colour: str) -> str:
    """A colour that is safe in a style: a known name or six hex digits, else grey."""
    if _HEX.fullmatch(colour):
        return "#" + colour.removeprefix("#")
    return _COLOURS.get(colour, "#9aa5b1")


def _draw_attachment(attachment: Json, surface: Surface) -> None:
    if attachment.get("pretext"):
        with node("div", "mrkdwn"):
            surface.pen.mrkdwn(str(attachment["pretext"]))
    if attachment.get("title"):
        link = str(attachment.get("title_link") or "")
        if is_safe_url(link):
            node("a", "link attachment__title", str(attachment["title"]), href=link, target="_blank", rel="noopener")
        else:
            node("div", "attachment__title", str(attachment["title"]))
    blocks = attachment.get("blocks") or ()
    for block in blocks:
        draw_block(block, surface)
    text = attachment.get("text") or (None if blocks else attachment.get("fallback"))
    if text:
        with node("div", "mrkdwn"):
            surface.pen.mrkdwn(str(text))
    with node("div", "section__fields"):
        for field in attachment.get("fields") or ():
            with node("div", "mrkdwn"):
                node("strong", "", str(field.get("title", "")))
                surface.pen.mrkdwn(str(field.get("value", "")))
    if attachment.get("footer"):
        node("div", "attachment__footer", str(attachment["footer"]))


def draw_files(files: Sequence[SharedFile]) -> None:
    """Each file with its name and size, a picture with a preview; pressing it downloads."""
    for file in files:
        _draw_file(file)


def _draw_file(file: SharedFile) -> None:
    title = file.title or file.name
    with button("file", lambda: ui.download(file.content, file.name), data_testid=f"file-{file.id}"):
        if file.mimetype in _PREVIEWED and file.size <= _PREVIEW_BYTES:
            encoded = base64.b64encode(file.content).decode("ascii")
            node("img", "file__preview", src=f"data:{file.mimetype};base64,{encoded}", alt=title)
        with node("span", "file__line"):
            icon("o_description")
            node("span", "file__name", title)
            node("span", "file__size", human_size(file.size))


def human_size(size: int) -> str:
    """`812 B`, `3.4 MB`."""
    amount, units = float(size), ("B", "kB", "MB", "GB")
    for unit in units:
        if amount < 1000 or unit == units[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
