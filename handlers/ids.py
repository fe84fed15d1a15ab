"""Names of actions, callbacks and blocks, and the codec of what they carry: ids and nothing more."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from bot.errors import UsageError

COMMAND = "/baseliner"

APPROVE = "approval.approve"
DENY = "approval.deny"
CANCEL_WINDOW = "window.cancel"
CANCEL_OPERATION = "operation.cancel"
BACKUPS_NEWER = "backups.newer"
BACKUPS_OLDER = "backups.older"
BACKUPS_FILTER = "backups.filter"
BACKUP_DETAILS = "backup.details"
PIN = "backup.pin"

TARGET = "target"
BACKUP = "backup"
REASON = "reason"
NOTE = "note"
CONFIRMATION = "confirmation"
DOWNTIME = "downtime"
STARTS_AT = "starts_at"
ENDS_AT = "ends_at"
RESTORE_TARGET = "restore.target"

BACKUP_MODAL = "backup.modal"
PIN_MODAL = "backup.pin_modal"
DRILL_MODAL = "drill.modal"
PREFLIGHT_MODAL = "preflight.modal"
RESTORE_MODAL = "restore.modal"
UNDO_MODAL = "undo.modal"
UNDO_TARGET_MODAL = "undo.target_modal"
WINDOW_MODAL = "window.modal"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class ModalContext:
    """What a modal must remember: the channel where it was asked for, and the target or the backup that is settled."""

    channel: str
    target: str | None = None
    backup: str | None = None


def encode(context: ModalContext) -> str:
    """For `private_metadata`."""
    return json.dumps(asdict(context), separators=(",", ":"))


def decode(private_metadata: str) -> ModalContext:
    """Raises UsageError when the metadata is not ours."""
    try:
        value = json.loads(private_metadata)
        target, backup = (None if value[key] is None else identifier(value[key]) for key in ("target", "backup"))
        return ModalContext(identifier(value["channel"]), target, backup)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("This dialog is from another version of Baseliner.", "Close it and ask again.") from error


def identifier(value: object) -> str:
    """The id that a button or an option carries. Raises UsageError when it cannot be one."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise UsageError("This button does not carry an id of ours.", "Ask again with a command.")


def encode_page(target: str | None, number: int) -> str:
    """A page of a target's backups, or of all."""
    return f"{number}" if target is None else f"{number}-{target}"


def decode_page(value: object) -> tuple[str | None, int]:
    """Raises UsageError when it is not a page of ours."""
    number, _, target = identifier(value).partition("-")
    if not number.isdecimal():
        raise UsageError("This button does not carry a page of ours.", "Ask again with a command.")
    return target or None, int(number)
