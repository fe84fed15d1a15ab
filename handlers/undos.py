"""`undo`: the way back from the last swap, its dialog and its submission."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.models import UndoRequest
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import take_target
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import field_error
from handlers.views.backups import target_modal
from handlers.views.blocks import Block
from handlers.views.undo import undo_asked_message, undo_modal


class UndoListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`undo [target]`"""
        targets = list(self._services.settings.targets)
        target, rest = take_target(request.arguments, targets)
        if rest:
            raise UsageError(f"“{' '.join(rest)}” is too much.", f"{ids.COMMAND} undo [target]")
        if target is None:
            dialog = request.modal_context()
            question = "Of which target is the last swap to be undone?"
            request.open_modal(target_modal("Undo", question, "Next", targets, dialog, ids.UNDO_TARGET_MODAL))
            return
        self._services.undos.authorize(target, request.actor)
        request.open_modal(self._dialog(request.modal_context(target), target))

    def choose(self, args: Args) -> None:
        """The target was chosen: its dialog takes the place of the question."""
        context = ids.decode(args.payload["private_metadata"])
        target = ids.identifier(Form(args.payload).selected(ids.TARGET))
        self._services.undos.authorize(target, self._directory.known_of(args.body).actor)
        view = self._dialog(ids.ModalContext(context.channel, target), target)
        args.ack(response_action="update", view=view)

    def submit(self, args: Args) -> None:
        """Written down before the dialog closes: what is wrong is shown on the input that it concerns."""
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        asked = UndoRequest(context.target or "", form.text(ids.REASON), form.text(ids.CONFIRMATION))
        try:
            operation = self._services.undos.request(asked, person.actor, context.channel)
        except UsageError as error:
            concerned = ids.CONFIRMATION if asked.reason.strip() else ids.REASON
            args.ack(response_action="errors", errors={form.block_of(concerned): field_error(error)})
            return
        args.ack()
        approvals = self._services.settings.slack.channels.approvals
        Reply(args.client, person.actor.id, context.channel).tell(undo_asked_message(operation, approvals))

    def _dialog(self, context: ids.ModalContext, target: str) -> Block:
        undone = self._services.undos.undoable(target)
        database = self._services.restores.database_of(target)
        return undo_modal(undone, database, context, self._services.clock.now())
