"""`backup`."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import take_format, take_target
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import accepted_message
from handlers.views.backups import backup_modal


class BackupListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`backup [target] [--format plain] [note…]`"""
        targets = list(self._services.settings.targets)
        plain, arguments = take_format(request.arguments)
        target, words = take_target(arguments, targets, free_text=True)
        if unknown := next((word for word in words if word.startswith("--")), None):
            raise UsageError(
                f"There is no option “{unknown}”.", f"{ids.COMMAND} backup [target] [--format plain] [note…]"
            )
        if target is None:
            request.open_modal(backup_modal(targets, request.modal_context()))
            return
        note = " ".join(words)
        operation = self._services.backups.request(target, request.actor, note, request.channel, plain=plain)
        request.reply.tell(accepted_message(operation, self._elsewhere(request.channel)))

    def submit(self, args: Args) -> None:
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        target = ids.identifier(form.selected(ids.TARGET))
        operation = self._services.backups.request(target, person.actor, form.text(ids.NOTE).strip(), context.channel)
        args.ack()
        reply = Reply(args.client, person.actor.id, context.channel)
        reply.tell(accepted_message(operation, self._elsewhere(context.channel)))

    def _elsewhere(self, channel: str) -> str:
        operations = self._services.settings.slack.channels.operations
        return "" if channel == operations else operations
