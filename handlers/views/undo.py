"""The undo dialog, and what an undo's card says in the places where it is not a restore's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models import Operation
from handlers import ids
from handlers.text import age, code, date, duration, literal, size
from handlers.views.blocks import Block, Message, context, input_block, modal, section, text_input

_PROMISE = (
    "Nothing is touched yet: this makes a plan, which somebody else must approve. "
    "What is there now is kept beside, so that this can be undone as well."
)


def undo_modal(undone: Operation, database: str, dialog: ids.ModalContext, now: datetime) -> Block:
    """What would come back, why, and the database's name to type."""
    swapped_at = datetime.fromisoformat(undone.result["swapped_at"])
    told = (
        f"The {undone.kind} {code(undone.id)} put another database in the place of {code(database)} "
        f"{date(swapped_at)}, {age(swapped_at, now)}. The one from before comes back; "
        "it does not contain what was written since."
    )
    reason = text_input(
        ids.REASON, "Why must the former database come back? The approver reads this.", multiline=True, max_length=1500
    )
    confirmation = text_input(ids.CONFIRMATION, literal(database, 150), max_length=200)
    return modal(
        "Undo the last swap",
        [
            section(told),
            input_block("Reason", reason, ids.REASON),
            input_block(
                "Name of the database",
                confirmation,
                ids.CONFIRMATION,
                hint=f"Type {literal(database, 200)} to show that you mean this one.",
            ),
            context(_PROMISE),
        ],
        callback_id=ids.UNDO_MODAL,
        submit="Ask for approval",
        private_metadata=ids.encode(dialog),
    )


def undo_asked_message(operation: Operation, approvals_channel: str) -> Message:
    told = (
        f"The plan to undo {code(str(operation.parameters['undoes']))} on {code(operation.target)} is being made: "
        f"{code(operation.id)}. It goes to <#{approvals_channel}> for approval by somebody else."
    )
    return Message(told, [section(told)])


def comes_back(body: Mapping[str, Any], now: datetime) -> str:
    """In the place of the backup that a restore goes back to."""
    undoes, aside = body["undoes"], body["aside"]
    swapped_at = datetime.fromisoformat(undoes["swapped_at"])
    return (
        f"*Goes back to* the database from before {date(swapped_at)}, {age(swapped_at, now)}\n"
        f"Undoes {undoes['kind']} {code(undoes['id'])}; it is kept as {code(aside['database'])}, "
        f"{size(aside['database_bytes'])}"
    )


def undo_way_back(body: Mapping[str, Any]) -> str:
    kept = duration(body["keep_old_for"])
    return f"*The way back*\nWhat is there now is set aside by the same rename and kept for {kept}: undo this undo."
