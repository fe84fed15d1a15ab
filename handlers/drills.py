"""`drill`: the proof that a backup can be restored."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import backup_named, is_backup, take_target
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import accepted_message
from handlers.views.backups import target_modal


class DrillListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`drill [target] [backup|latest]`"""
        targets = list(self._services.settings.targets)
        words = request.arguments
        if words and is_backup(words[0]):
            target, rest = take_target((), targets)[0], words
        else:
            target, rest = take_target(words, targets)
        if len(rest) > 1 or (rest and not is_backup(rest[0])):
            raise UsageError(f"“{' '.join(rest)}” is no backup's id.", f"{ids.COMMAND} drill [target] [backup|latest]")
        if target is None:
            context = request.modal_context()
            view = target_modal(
                "Drill", "The newest backup of which target?", "Drill", targets, context, ids.DRILL_MODAL
            )
            request.open_modal(view)
            return
        backup_id = backup_named(rest[0], request.person.zone) if rest else "latest"
        operation = self._services.drills.request(target, request.actor, backup_id, request.channel)
        request.reply.tell(accepted_message(operation, self._elsewhere(request.channel)))

    def submit(self, args: Args) -> None:
        context = ids.decode(args.payload["private_metadata"])
        person = self._directory.known_of(args.body)
        target = ids.identifier(Form(args.payload).selected(ids.TARGET))
        operation = self._services.drills.request(target, person.actor, channel=context.channel)
        args.ack()
        reply = Reply(args.client, person.actor.id, context.channel)
        reply.tell(accepted_message(operation, self._elsewhere(context.channel)))

    def _elsewhere(self, channel: str) -> str:
        operations = self._services.settings.slack.channels.operations
        return "" if channel == operations else operations
