"""`preflight`."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import take_target
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import accepted_message
from handlers.views.backups import target_modal


class PreflightListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`preflight [target]`"""
        targets = list(self._services.settings.targets)
        target, words = take_target(request.arguments, targets)
        if words:
            raise UsageError("One target is enough.", f"{ids.COMMAND} preflight [target]")
        if target is None:
            context = request.modal_context()
            request.open_modal(
                target_modal("Preflight", "Check which target?", "Check", targets, context, ids.PREFLIGHT_MODAL)
            )
            return
        operation = self._services.preflights.request(target, request.actor, request.channel)
        request.reply.tell(accepted_message(operation, self._elsewhere(request.channel)))

    def submit(self, args: Args) -> None:
        context = ids.decode(args.payload["private_metadata"])
        person = self._directory.known_of(args.body)
        target = ids.identifier(Form(args.payload).selected(ids.TARGET))
        operation = self._services.preflights.request(target, person.actor, context.channel)
        args.ack()
        reply = Reply(args.client, person.actor.id, context.channel)
        reply.tell(accepted_message(operation, self._elsewhere(context.channel)))

    def _elsewhere(self, channel: str) -> str:
        operations = self._services.settings.slack.channels.operations
        return "" if channel == operations else operations
