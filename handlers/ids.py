"""Names of actions, callbacks and blocks, and the codec of what they carry: ids and nothing more."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from bot.errors import UsageError
from bot.models import AuditFilter

COMMAND = "/baseliner"

APPROVE = "approval.approve"
DENY = "approval.deny"
WITHDRAW = "approval.withdraw"
SHOW_PLAN = "approval.plan"
ASK_AGAIN = "approval.ask_again"
CANCEL_WINDOW = "window.cancel"
CANCEL_OPERATION = "operation.cancel"
SIGN_OFF = "operation.sign_off"
AUDIT_NEWEST = "audit.newest"
AUDIT_OLDER = "audit.older"
BACKUPS_NEWER = "backups.newer"
BACKUPS_OLDER = "backups.older"
BACKUPS_FILTER = "backups.filter"
BACKUP_DETAILS = "backup.details"
PIN = "backup.pin"

TARGET = "target"
BACKUP = "backup"
REASON = "reason"
NOTE = "note"
COMMENT = "comment"
CONFIRMATION = "confirmation"
DOWNTIME = "downtime"
ONLY = "only"
NEW_NAME = "new_name"
STARTS_AT = "starts_at"
ENDS_AT = "ends_at"
RESTORE_TARGET = "restore.target"

APPROVAL_MODAL = "approval.modal"
DENIAL_MODAL = "approval.denial_modal"
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
    """What a modal must remember: the channel where it was asked for, and what is settled already."""

    channel: str
    target: str | None = None
    backup: str | None = None
    operation: str | None = None
    source: str | None = None
    """another target, whose backups the dialog offers"""


def encode(context: ModalContext) -> str:
    """For `private_metadata`."""
    return json.dumps(asdict(context), separators=(",", ":"))


def decode(private_metadata: str) -> ModalContext:
    """Raises UsageError when the metadata is not ours."""
    try:
        value = json.loads(private_metadata)
        settled = [value[key] for key in ("target", "backup", "operation", "source")]
        return ModalContext(identifier(value["channel"]), *(None if it is None else identifier(it) for it in settled))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("This dialog is from another version of Baseliner.", "Close it and ask again.") from error


def is_identifier(text: str) -> bool:
    """Whether it could be an id."""
    return _ID.fullmatch(text) is not None


def identifier(value: object) -> str:
    """The id that a button or an option carries. Raises UsageError when it cannot be one."""
    if isinstance(value, str) and is_identifier(value):
        return value
    raise UsageError("This button does not carry an id of ours.", "Ask again with a command.")


def encode_place(target: str, source: str | None) -> str:
    """A target, and another one whose backups come there."""
    return target if source is None else f"{target}:{source}"


def decode_place(value: object) -> tuple[str, str | None]:
    """Raises UsageError when it is not a place of ours."""
    target, _, source = str(value).partition(":")
    return identifier(target), identifier(source) if source else None


def encode_page(target: str | None, number: int) -> str:
    """A page of a target's backups, or of all."""
    return f"{number}" if target is None else f"{number}-{target}"


def decode_page(value: object) -> tuple[str | None, int]:
    """Raises UsageError when it is not a page of ours."""
    number, _, target = identifier(value).partition("-")
    if not number.isdecimal():
        raise UsageError("This button does not carry a page of ours.", "Ask again with a command.")
    return target or None, int(number)


def encode_audit(wanted: AuditFilter) -> str:
    """A page of the audit log: what was asked for, and where the page begins. Reading it takes no authority."""
    since = int(wanted.since.timestamp()) if wanted.since else None
    parts = {"t": wanted.target, "p": wanted.actor, "w": wanted.action, "s": since, "b": wanted.before}
    return json.dumps({key: part for key, part in parts.items() if part is not None}, separators=(",", ":"))


def decode_audit(value: object) -> AuditFilter:
    """Raises UsageError when it is not a page of ours."""
    try:
        given = json.loads(str(value))
        since, before = given.get("s"), given.get("b")
        return AuditFilter(
            target=None if given.get("t") is None else identifier(given["t"]),
            actor=_words(given.get("p")),
            action=_words(given.get("w")),
            since=None if since is None else datetime.fromtimestamp(int(since), UTC),
            before=None if before is None else int(before),
        )
    except (ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise UsageError("This button does not carry a page of ours.", "Ask again with a command.") from error


def _words(value: object) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= 100):
        return value
    raise ValueError("not words of ours")
