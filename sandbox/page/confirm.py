"""The question before an element acts.

Source: docs, reference/block-kit/composition-objects/confirmation-dialog-object.
"""

from __future__ import annotations

from nicegui import ui

from sandbox.model import Json
from sandbox.page.dom import Piece, button, node
from sandbox.page.pen import Pen
from sandbox.page.tree import part


async def ask(confirm: Json | None, pen: Pen) -> bool:
    """Show the dialog and wait for the answer; True at once when there is nothing to ask."""
    if not confirm:
        return True
    style = "danger" if confirm.get("style") == "danger" else "primary"
    yes, no = confirm.get("confirm") or {"text": "Yes"}, confirm.get("deny") or {"text": "Cancel"}
    with ui.dialog() as dialog, node("div", "dialog dialog--small", data_testid="confirm"):
        dialog.props["aria-label"] = confirm["title"]["text"]
        Piece(part("h2", "dialog__title", *pen.plain(confirm["title"])))
        Piece(part("div", "dialog__body mrkdwn", *pen.text_object(confirm["text"])))
        with node("div", "dialog__footer"):
            button("button button--plain", lambda: dialog.submit(False), *pen.plain(no), data_testid="confirm-deny")
            button(f"button button--{style}", lambda: dialog.submit(True), *pen.plain(yes), data_testid="confirm-yes")
    answer = await dialog
    dialog.delete()
    return answer is True
