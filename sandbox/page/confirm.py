"""The question before an element acts.

Source: docs, reference/block-kit/composition-objects/confirmation-dialog-object.
"""

from __future__ import annotations

from nicegui import ui

from sandbox.model import Json
from sandbox.page.dom import button, node
from sandbox.page.pen import Pen


async def ask(confirm: Json | None, pen: Pen) -> bool:
    """Show the dialog and wait for the answer; True at once when there is nothing to ask."""
    if not confirm:
        return True
    with ui.dialog() as dialog:
        dialog.props["aria-label"] = confirm["title"]["text"]
        with node("div", "dialog dialog--small", data_testid="confirm"):
            with node("h2", "dialog__title"):
                pen.plain(confirm["title"])
            with node("div", "dialog__body mrkdwn"):
                pen.text_object(confirm["text"])
            with node("div", "dialog__footer"):
                with button("button button--plain", lambda: dialog.submit(False), data_testid="confirm-deny"):
                    pen.plain(confirm.get("deny") or {"text": "Cancel"})
                style = confirm.get("style", "primary")
                with button(f"button button--{style}", lambda: dialog.submit(True), data_testid="confirm-yes"):
                    pen.plain(confirm.get("confirm") or {"text": "Yes"})
    answer = await dialog
    dialog.delete()
    return answer is True
