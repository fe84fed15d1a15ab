"""Buttons of operations: Cancel while they wait or run, and Sign off afterwards; and `cancel ID`."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.place import subject_of
from handlers.request import Request
from handlers.views.answers import cancelled_message


class OperationListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`cancel ID`"""
        if len(request.arguments) != 1 or not ids.is_identifier(request.arguments[0]):
            raise UsageError("Say which operation.", f"{ids.COMMAND} cancel ID; the id is at the end of its message.")
        operation = self._services.cancelling.cancel(request.arguments[0], request.actor)
        request.reply.tell(cancelled_message(operation))

    def cancel(self, args: Args) -> None:
        """The button. The message is redrawn, so a click that counts needs no answer."""
        person = self._directory.person_of(args.body)
        self._services.cancelling.cancel(subject_of(args, self._services.drawings), person.actor)

    def sign_off(self, args: Args) -> None:
        """The button of what was done at the shell without approval. The message is redrawn."""
        person = self._directory.person_of(args.body)
        self._services.sign_offs.sign(subject_of(args, self._services.drawings), person.actor)
