"""`backup` and `backups`."""

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
from handlers.views.backups import backup_modal, backups_message, target_modal
from handlers.views.blocks import Message, modal


class BackupListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`backup [target] [--format plain] [note…]`"""
        targets = list(self._services.settings.targets)
        plain, arguments = take_format(request.arguments)
        target, words = take_target(arguments, targets, free_text=True)
        if target is None:
            request.open_modal(backup_modal(targets, request.modal_context()))
            return
        note = " ".join(words)
        operation = self._services.backups.request(target, request.actor, note, request.channel, plain=plain)
        request.reply.tell(accepted_message(operation, self._elsewhere(request.channel)))

    def list_command(self, request: Request) -> None:
        """`backups [target]`"""
        targets = list(self._services.settings.targets)
        target, words = take_target(request.arguments, targets)
        if words:
            raise UsageError("One target is enough.", f"{ids.COMMAND} backups [target]")
        if target is not None:
            request.reply.tell(self._list(target))
            return
        context = request.modal_context()
        request.open_modal(target_modal("Backups", "Of which target?", "Show", targets, context, ids.BACKUPS_MODAL))

    def submit(self, args: Args) -> None:
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        target = ids.identifier(form.selected(ids.TARGET))
        operation = self._services.backups.request(target, person.actor, form.text(ids.NOTE).strip(), context.channel)
        args.ack()
        reply = Reply(args.client, person.actor.id, context.channel)
        reply.tell(accepted_message(operation, self._elsewhere(context.channel)))

    def submit_list(self, args: Args) -> None:
        message = self._list(ids.identifier(Form(args.payload).selected(ids.TARGET)))
        args.ack(response_action="update", view=modal("Backups", message.blocks))

    def _list(self, target: str) -> Message:
        return backups_message(target, self._services.backups.newest_first(target), self._services.clock.now())

    def _elsewhere(self, channel: str) -> str:
        operations = self._services.settings.slack.channels.operations
        return "" if channel == operations else operations
