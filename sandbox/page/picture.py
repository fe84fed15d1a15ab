"""Pictures: from the web, or files of the workspace."""

from __future__ import annotations

from sandbox.model import Json
from sandbox.page.mrkdwn import is_safe_url
from sandbox.page.pen import Pen
from sandbox.page.tree import part
from sandbox.workspace import Workspace


def picture(image: Json, css: str, pen: Pen) -> Json:
    """An image block or element, or its words when its address is none that may be followed."""
    source, alternative = picture_address(image, pen.workspace), str(image.get("alt_text") or "")
    if not source:
        return part("span", f"{css} picture-missing", alternative)
    return part(
        "img", css, src=source, alt=alternative, title=alternative, loading="lazy", referrerpolicy="no-referrer"
    )


def picture_address(image: Json, workspace: Workspace) -> str:
    """Where the picture is: `image_url`, or the workspace's own file; empty when that is nowhere."""
    held = image.get("slack_file")
    if isinstance(held, dict):
        wanted = str(held.get("id") or str(held.get("url") or "").rpartition("/")[2])
        return f"/files/{wanted}" if wanted in workspace.files else ""
    return web_address(image.get("image_url"))


def web_address(url: object) -> str:
    """The URL when it is one of the web; else empty."""
    text = str(url or "")
    return text if text.lower().startswith(("https://", "http://")) and is_safe_url(text) else ""
