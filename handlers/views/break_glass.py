"""What was done at the shell without approval, on its headline: who signs it off, and with which words."""

from __future__ import annotations

from datetime import datetime

from bot.models import Actor, Operation, Surface
from handlers import ids
from handlers.text import date
from handlers.views.blocks import Block, actions, button, confirm, section
from handlers.views.people import mention

_ASKS = (
    "You say that you know of this, that it was right or has been put right, and that it was not you who did it. "
    "It is written into the audit log."
)


def break_glass_blocks(operation: Operation) -> list[Block]:
    """Nothing, unless it was begun without approval."""
    if not operation.broke_glass:
        return []
    told = f"🔓 *Break-glass*: done at the command line by {mention(operation.requester)}, without approval"
    signed = operation.result.get("signed_off")
    if signed is not None:
        person = Actor(signed["id"], signed["name"], Surface(signed["surface"]))
        at = date(datetime.fromisoformat(signed["at"]))
        return [section(f"{told}. Signed off by {mention(person)} {at}.")]
    if not operation.state.ended:
        return [section(f"{told}. When it has ended, an approver signs it off.")]
    asks = confirm("Sign it off?", _ASKS, "Sign off", "Not yet")
    return [
        section(f"{told}. *Not signed off yet*: an approver looks at it, and says so."),
        actions("break_glass", button("Sign off", ids.SIGN_OFF, operation.id, confirm=asks)),
    ]
