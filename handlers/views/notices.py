"""What somebody changed without an operation: a schedule's pause, a backup's pin."""

from __future__ import annotations

from collections.abc import Mapping

from bot.models import AuditEntry
from handlers import ids
from handlers.text import code, inline
from handlers.views.blocks import Message, context, section
from handlers.views.people import mention

_DONE: Mapping[str, tuple[str, str]] = {
    "schedule.pause": ("⏸️", "paused the {schedule} schedule of {target}"),
    "schedule.resume": ("▶️", "resumed the {schedule} schedule of {target}"),
    "backup.keep": ("📌", "keeps backup {backup} of {target} until somebody lets it go"),
    "backup.unkeep": ("📌", "lets go of backup {backup} of {target}: retention alone decides about it"),
}
_WAY_BACK: Mapping[str, tuple[str, str]] = {
    "schedule.pause": ("Nothing runs by it until then", "schedule resume {target}{schedule} reason"),
    "backup.keep": ("Let it go", "unkeep {backup} reason"),
}


def notice_message(entry: AuditEntry) -> Message:
    """Who did what, why, and how it is undone."""
    mark, done = _DONE[entry.action]
    detail = entry.detail
    words = {"schedule": str(detail.get("schedule", "")), "backup": str(detail.get("backup_id", ""))}
    told = done.format(
        schedule=inline(words["schedule"]), backup=code(words["backup"]), target=code(entry.target or "")
    )
    reason = inline(str(detail.get("reason", "")), 500)
    blocks = [section(f"{mark} {mention(entry.actor)} {told}.\n{reason}")]
    if entry.action in _WAY_BACK:
        schedule = "" if words["schedule"] == "backup" else f" {words['schedule']}"
        why, command = _WAY_BACK[entry.action]
        typed = command.format(target=entry.target, schedule=schedule, backup=words["backup"])
        blocks.append(context(f"{why}: {code(f'{ids.COMMAND} {typed}')}"))
    plain = done.format(schedule=words["schedule"], backup=words["backup"], target=entry.target or "")
    return Message(f"{inline(entry.actor.name, 80)} {inline(plain)}: {reason}", blocks)
