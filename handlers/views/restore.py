"""The restore dialog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.models import Backup, Downtime
from bot.operations.origin import LONGEST_NAME
from handlers import ids
from handlers.text import code, literal
from handlers.views.backups import backup_option, no_backup
from handlers.views.blocks import (
    MAX_OPTIONS,
    Block,
    context,
    external_select,
    input_block,
    modal,
    option,
    section,
    static_select,
    text_input,
)

_TITLE = "Restore a database"
_PROMISE = (
    "Nothing is touched yet: this makes a plan, which somebody else must approve. "
    "A safety backup comes first, and the old database is kept."
)
_DOWNTIMES = (
    option("Now: nothing is written that would be lost", Downtime.NOW),
    option("At the swap: it is away for seconds", Downtime.AT_SWAP),
)


@dataclass(frozen=True)
class RestoreDialog:
    """What the dialog offers. `database` is the name that has to be typed; `newest` None: there is no backup."""

    context: ids.ModalContext
    targets: Sequence[str]
    database: str = ""
    newest: Backup | None = None
    chosen: Backup | None = None
    reason: str = ""
    downtime: Downtime = Downtime.NOW
    only: Sequence[str] = ()
    new_name: str = ""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """other targets whose backups may come to a target"""

    @property
    def backups_of(self) -> str:
        return self.context.source or self.context.target or ""


def restore_modal(dialog: RestoreDialog, now: datetime) -> Block:
    """Without a target it asks for that only; without a backup there is nothing to submit."""
    target = dialog.context.target
    blocks = [_target(dialog)] if len(dialog.targets) > 1 else []
    if target is None:
        return _modal(dialog, blocks, submit=False)
    if dialog.newest is None:
        return _modal(dialog, [*blocks, no_backup(dialog.backups_of)], submit=False)
    return _modal(dialog, [*blocks, *_inputs(dialog, target, now), context(_PROMISE)], submit=True)


def _inputs(dialog: RestoreDialog, target: str, now: datetime) -> list[Block]:
    chosen = backup_option(dialog.chosen, now) if dialog.chosen else None
    select = external_select(ids.BACKUP, "Choose a backup, or type a date, “verified”, words of its note", chosen)
    reason = text_input(
        ids.REASON,
        "Why must the data go back? The approver reads this.",
        multiline=True,
        max_length=1500,
        initial=dialog.reason,
    )
    confirmation = text_input(ids.CONFIRMATION, literal(dialog.database, 150), max_length=200)
    # Slack keeps what was entered by block id: a list of another target must not inherit this one's choice.
    return [
        input_block(f"Backup of {dialog.backups_of}", select, f"{ids.BACKUP}.{target}.{dialog.backups_of}"),
        input_block("Reason", reason, ids.REASON),
        input_block(
            "Stop the application", static_select(ids.DOWNTIME, "When", _DOWNTIMES, dialog.downtime), ids.DOWNTIME
        ),
        *([_only(dialog)] if dialog.context.source is None else []),
        input_block(
            "Under a new name",
            text_input(
                ids.NEW_NAME,
                f"Such as: {literal(dialog.database, 100)}_copy",
                initial=dialog.new_name,
                max_length=LONGEST_NAME,
            ),
            ids.NEW_NAME,
            hint="A database of this name is made beside it: nothing is replaced, nothing stops.",
            optional=True,
        ),
        input_block(
            "Name of the database",
            confirmation,
            f"{ids.CONFIRMATION}.{target}",
            hint=f"Type {literal(dialog.database, 200)} to show that you mean this one.",
        ),
    ]


def _only(dialog: RestoreDialog) -> Block:
    return input_block(
        "Only these tables",
        text_input(ids.ONLY, "Such as: public.devices, audit.*", initial=", ".join(dialog.only), max_length=1000),
        ids.ONLY,
        hint="They come into a schema of their own: nothing is replaced, nothing stops. Empty: the whole database.",
        optional=True,
    )


def _target(dialog: RestoreDialog) -> Block:
    chosen, source = dialog.context.target, dialog.context.source
    places = [
        option(literal(f"{target}, from {other}" if other else target, 75), ids.encode_place(target, other))
        for target in dialog.targets
        for other in (None, *dialog.sources.get(target, ()))
    ][:MAX_OPTIONS]
    select = static_select(
        ids.RESTORE_TARGET, "Choose a target", places, ids.encode_place(chosen, source) if chosen else None
    )
    told = f"*Target* {code(chosen)}" if chosen else "*Target*"
    return section(f"{told}, with a backup of {code(source)}" if source else told, select, ids.RESTORE_TARGET)


def _modal(dialog: RestoreDialog, blocks: list[Block], *, submit: bool) -> Block:
    return modal(
        _TITLE,
        blocks,
        callback_id=ids.RESTORE_MODAL,
        submit="Ask for approval" if submit else None,
        private_metadata=ids.encode(dialog.context),
    )
