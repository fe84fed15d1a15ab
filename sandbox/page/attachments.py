"""What hangs on a message: attachments in the older form, and files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.model import Json, SharedFile
from sandbox.page.blocks import draw_block
from sandbox.page.dom import Piece, node
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.pen import Pen, link
from sandbox.page.surface import Surface
from sandbox.page.tree import Tree, icon, part
from sandbox.pictures import PREVIEWED

_COLOURS = {"good": "#2e8b57", "warning": "#c98a1b", "danger": "#c0392b"}
_HEX = re.compile(r"#?[0-9a-fA-F]{6}")


def draw_attachments(attachments: Sequence[Json], surface: Surface) -> None:
    """Each with its coloured bar. Source: docs, reference/messaging/secondary-attachments."""
    for attachment in attachments:
        with node("div", "attachment") as box:
            box.style["border-left-color"] = bar_colour(str(attachment.get("color") or ""))
            blocks = attachment.get("blocks") or ()
            Piece(_words(attachment, surface.pen, has_blocks=bool(blocks)), surface.follow)
            for block in blocks:
                draw_block(block, surface)


def bar_colour(colour: str) -> str:
    """A colour that is safe in a style: a known name or six hex digits, else grey."""
    if _HEX.fullmatch(colour):
        return "#" + colour.removeprefix("#")
    return _COLOURS.get(colour, "#9aa5b1")


def _words(attachment: Json, pen: Pen, *, has_blocks: bool) -> Json:
    parts: list[Tree] = []
    if attachment.get("pretext"):
        parts.append(part("div", "mrkdwn", *pen.mrkdwn(str(attachment["pretext"]))))
    title, url = str(attachment.get("title") or ""), str(attachment.get("title_link") or "")
    if title:
        parts.append(part("div", "attachment__title", link(url, title) if is_safe_url(url) else title))
    text = attachment.get("text") or (None if has_blocks else attachment.get("fallback"))
    if text:
        parts.append(part("div", "mrkdwn", *pen.mrkdwn(str(text))))
    fields = [
        part("div", "mrkdwn", part("strong", "", str(field.get("title", ""))), *pen.mrkdwn(str(field.get("value", ""))))
        for field in attachment.get("fields") or ()
    ]
    if fields:
        parts.append(part("div", "section__fields", *fields))
    if attachment.get("footer"):
        parts.append(part("div", "attachment__footer", str(attachment["footer"])))
    return part("div", "attachment__words", *parts)


def draw_files(files: Sequence[SharedFile]) -> None:
    """Each file with its name and size, a picture with a preview; pressing it downloads."""
    for file in files:
        Piece(_file_tree(file))


def _file_tree(file: SharedFile) -> Json:
    title, address = file.title or file.name, f"/files/{file.id}"
    line = part(
        "span",
        "file__line",
        icon("o_description"),
        part("span", "file__name", title),
        part("span", "file__size", human_size(file.size)),
        icon("o_file_download", "file__download"),
    )
    preview: list[Tree] = []
    if file.mimetype in PREVIEWED:
        preview.append(part("img", "file__preview", src=address, alt=title, loading="lazy"))
    given = {"href": f"{address}?download=1", "download": file.name, "data_testid": f"file-{file.id}"}
    return part("a", "file", *preview, line, target="_self", title=f"Download {file.name}", **given)


def human_size(size: int) -> str:
    """`812 B`, `3.4 MB`."""
    amount, units = float(size), ("B", "kB", "MB", "GB")
    for unit in units:
        if amount < 1000 or unit == units[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
