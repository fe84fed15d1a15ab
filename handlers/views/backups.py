"""The catalog of backups, and the dialogs that ask which target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from bot.models import Backup, BackupKind
from handlers import ids
from handlers.text import age, code, literal, size, utc
from handlers.views.blocks import (
    MAX_OPTIONS,
    Block,
    Message,
    input_block,
    modal,
    option,
    section,
    static_select,
    text_input,
)

KINDS = {BackupKind.ON_DEMAND: "on demand", BackupKind.SCHEDULED: "scheduled", BackupKind.SAFETY: "safety backup"}


def no_backup_message(target: str) -> Message:
    return Message(f"{target} has no backup yet.", [no_backup(target)])


def no_backup(target: str) -> Block:
    return section(f"{code(target)} has no backup yet. Take one: `{ids.COMMAND} backup {target}`")


def backup_option(backup: Backup, now: datetime) -> Block:
    """Age, size, date and what it is good for, in 75 characters."""
    told = [age(backup.taken_at, now), size(backup.size), utc(backup.taken_at), _proof(backup)]
    if backup.kind is BackupKind.SAFETY:
        told.append("safety")
    return option(" · ".join(told), backup.id, " · ".join(filter(None, (backup.id, backup.manifest.note))))


def found_options(backups: Iterable[Backup], query: str, now: datetime) -> list[Block]:
    """Those that have every word of the query in what they show, or in their note; as many as a menu holds."""
    words = query.lower().split()

    def fits(backup: Backup, shown: Block) -> bool:
        told = f"{shown['text']['text']} {backup.id} {backup.manifest.note}".lower()
        return all(word in told for word in words)

    options = ((backup, backup_option(backup, now)) for backup in backups)
    return list(islice((shown for backup, shown in options if fits(backup, shown)), MAX_OPTIONS))


def target_modal(
    title: str, question: str, submit: str, targets: Sequence[str], context: ids.ModalContext, callback_id: str
) -> Block:
    """Asks which target, when there are several and none was named."""
    return modal(
        title,
        [target_input(question, targets)],
        callback_id=callback_id,
        submit=submit,
        private_metadata=ids.encode(context),
    )


def backup_modal(targets: Sequence[str], context: ids.ModalContext) -> Block:
    note = text_input(ids.NOTE, "Such as: before upgrading the API", max_length=500)
    blocks = [target_input("Target", targets), input_block("Note", note, ids.NOTE, optional=True)]
    return modal(
        "Back up a database",
        blocks,
        callback_id=ids.BACKUP_MODAL,
        submit="Back up",
        private_metadata=ids.encode(context),
    )


def target_input(label: str, targets: Sequence[str], chosen: str | None = None) -> Block:
    select = static_select(ids.TARGET, "Choose a target", target_options(targets), chosen)
    return input_block(label, select, ids.TARGET)


def target_options(targets: Sequence[str]) -> list[Block]:
    return [option(literal(name, 75), name) for name in targets]


def _proof(backup: Backup) -> str:
    return "verified" if backup.verified_at else "not verified"
