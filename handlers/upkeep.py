"""`schedule`, `retention`, `keep` and `unkeep`."""

from __future__ import annotations

from bot.errors import UsageError
from bot.models import ScheduleName
from bot.services import Services
from handlers import ids
from handlers.parse import take_target
from handlers.request import Request
from handlers.views.upkeep import (
    paused_message,
    pinned_message,
    resumed_message,
    retention_message,
    schedules_message,
    unpinned_message,
)


class UpkeepListeners:
    def __init__(self, services: Services) -> None:
        self._services = services

    def schedule(self, request: Request) -> None:
        """`schedule [target]`, `schedule pause TARGET [drill] reason…`, `schedule resume TARGET [drill] reason…`"""
        words = request.arguments
        if words and words[0].lower() == "pause":
            target, name, reason = self._named(words[1:], "pause")
            request.reply.tell(paused_message(self._services.schedules.pause(target, name, reason, request.actor)))
        elif words and words[0].lower() == "resume":
            target, name, reason = self._named(words[1:], "resume")
            self._services.schedules.resume(target, name, reason, request.actor)
            found = [status for status in self._services.schedules.statuses(target) if status.name is name]
            fires = found[0].next_fires if found else ()
            request.reply.tell(resumed_message(target, name, fires[0] if fires else None))
        else:
            target_or_all = self._one_or_all(words, "schedule [target]")
            request.reply.tell(schedules_message(self._services.schedules.statuses(target_or_all)))

    def retention(self, request: Request) -> None:
        """`retention [target]`"""
        target = self._one_or_all(request.arguments, "retention [target]")
        names = [target] if target is not None else self._targets
        previews = [self._services.retentions.preview(name) for name in names]
        request.reply.tell(retention_message(previews, self._services.clock.now()))

    def keep(self, request: Request) -> None:
        """`keep ID reason…`"""
        backup_id, reason = _id_and_reason(request, "keep")
        request.reply.tell(pinned_message(self._services.pins.keep(backup_id, reason, request.actor)))

    def unkeep(self, request: Request) -> None:
        """`unkeep ID reason…`"""
        backup_id, reason = _id_and_reason(request, "unkeep")
        request.reply.tell(unpinned_message(self._services.pins.unkeep(backup_id, reason, request.actor).id))

    def _named(self, words: tuple[str, ...], act: str) -> tuple[str, ScheduleName, str]:
        """The drill schedule where its name stands after the target, with a reason behind it."""
        target, rest = take_target(words, self._targets)
        if target is None or not rest:
            lacking = "Say which target, and why." if target is None else "Say why: whoever reads of it will ask."
            raise UsageError(lacking, f"{ids.COMMAND} schedule {act} {target or 'TARGET'} reason…")
        if len(rest) > 1 and rest[0].lower() in set(ScheduleName):
            return target, ScheduleName(rest[0].lower()), " ".join(rest[1:])
        return target, ScheduleName.BACKUP, " ".join(rest)

    def _one_or_all(self, words: tuple[str, ...], usage: str) -> str | None:
        target, rest = take_target(words, self._targets)
        if rest:
            raise UsageError(f"“{' '.join(rest)}” is more than this command takes.", f"{ids.COMMAND} {usage}")
        return target

    @property
    def _targets(self) -> list[str]:
        return list(self._services.settings.targets)


def _id_and_reason(request: Request, word: str) -> tuple[str, str]:
    if not request.arguments:
        raise UsageError("Say which backup, and why.", f"{ids.COMMAND} {word} ID reason…; the catalog has the ids.")
    named = request.arguments[0]
    if not ids.is_identifier(named):
        raise UsageError(f"“{named[:60]}” is no backup's id.", f"{ids.COMMAND} backups lists them.")
    if len(request.arguments) == 1:
        raise UsageError("Say why: whoever reads of it will ask.", f"{ids.COMMAND} {word} {named} reason…")
    return named, " ".join(request.arguments[1:])
