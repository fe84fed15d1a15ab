"""The buttons of the approval card and their dialogs. The card is redrawn from state: what counts needs no answer."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.models import Decision
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.place import subject_of
from handlers.request import Form
from handlers.views.answers import field_error
from handlers.views.approval import consequences
from handlers.views.decisions import approval_modal, denial_modal
from handlers.views.plan import plan_modal


class ApprovalListeners:
    """Whether a person may decide is told at the click, and judged again when the dialog is submitted."""

    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def ask_to_approve(self, args: Args) -> None:
        """Shows what will be destroyed, and asks for the database's name."""
        operation_id = subject_of(args, self._services.drawings)
        person = self._directory.person_of(args.body)
        operation, plan = self._services.approvals.authorize(operation_id, person.actor, Decision.APPROVED)
        blocks = consequences(plan, self._services.clock.now())
        view = approval_modal(operation, str(plan.body["database"]), blocks, _dialog(args, operation_id))
        args.client.views_open(trigger_id=args.body["trigger_id"], view=view)

    def ask_to_deny(self, args: Args) -> None:
        operation_id = subject_of(args, self._services.drawings)
        person = self._directory.person_of(args.body)
        operation, _ = self._services.approvals.authorize(operation_id, person.actor, Decision.DENIED)
        view = denial_modal(operation, _dialog(args, operation_id))
        args.client.views_open(trigger_id=args.body["trigger_id"], view=view)

    def approve(self, args: Args) -> None:
        """Written down before the dialog closes."""
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        try:
            self._services.approvals.approve(
                ids.identifier(context.operation), person.actor, form.text(ids.CONFIRMATION), form.text(ids.COMMENT)
            )
        except UsageError as error:
            args.ack(response_action="errors", errors={form.block_of(ids.CONFIRMATION): field_error(error)})
            return
        args.ack()

    def deny(self, args: Args) -> None:
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        try:
            self._services.approvals.deny(ids.identifier(context.operation), person.actor, form.text(ids.REASON))
        except UsageError as error:
            args.ack(response_action="errors", errors={form.block_of(ids.REASON): field_error(error)})
            return
        args.ack()

    def withdraw(self, args: Args) -> None:
        person = self._directory.person_of(args.body)
        self._services.approvals.withdraw(subject_of(args, self._services.drawings), person.actor)

    def show_plan(self, args: Args) -> None:
        """For everybody who sees the card."""
        operation, plan = self._services.approvals.plan(ids.identifier(args.payload["value"]))
        args.client.views_open(trigger_id=args.body["trigger_id"], view=plan_modal(operation, plan))


def _dialog(args: Args, operation_id: str) -> ids.ModalContext:
    return ids.ModalContext(str(args.body["channel"]["id"]), operation=operation_id)
