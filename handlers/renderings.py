"""From a drawing to the message that it wants, read from state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.errors import NotFound
from bot.models import Drawing, Operation, Plan, SubjectKind
from bot.services import Services
from handlers.views.approval import approval_card
from handlers.views.blocks import Message
from handlers.views.decisions import reminder_message
from handlers.views.notices import notice_message
from handlers.views.operations import failure_message, headline, step_message
from handlers.views.overview import alert_message
from handlers.views.plan import plan_message
from handlers.views.report import report_message
from handlers.views.windows import window_announcement, window_edge


class Renderings:
    """Reads a drawing's subject and draws it. Raises NotFound when the subject is gone."""

    def __init__(self, services: Services) -> None:
        self._drawings = services.drawings
        self._clock = services.clock
        self._settings = services.settings
        self._approvals_channel = services.settings.slack.channels.approvals
        self._by_subject: Mapping[SubjectKind, Callable[[Drawing], Message]] = {
            SubjectKind.OPERATION: self._headline,
            SubjectKind.APPROVAL: self._approval,
            SubjectKind.PLAN: self._whole_plan,
            SubjectKind.REMINDER: self._reminder,
            SubjectKind.STEP: self._step,
            SubjectKind.FAILURE: self._failure,
            SubjectKind.WINDOW: self._window,
            SubjectKind.WINDOW_EDGE: self._window_edge,
            SubjectKind.ALERT: self._alert,
            SubjectKind.REPORT: self._report,
            SubjectKind.NOTICE: self._notice,
        }

    def render(self, drawing: Drawing) -> Message:
        return self._by_subject[drawing.subject](drawing)

    def _headline(self, drawing: Drawing) -> Message:
        operation = self._drawings.operation(drawing.subject_id)
        plan, approvals = self._drawings.plan(operation.id), self._drawings.approvals(operation.id)
        return headline(operation, self._clock.now(), plan, self._approvals_channel, approvals)

    def _approval(self, drawing: Drawing) -> Message:
        operation, plan = self._planned(drawing)
        approvals = self._drawings.approvals(operation.id)
        return approval_card(operation, plan, approvals, self._clock.now(), self._approvers(operation))

    def _whole_plan(self, drawing: Drawing) -> Message:
        return plan_message(*self._planned(drawing))

    def _reminder(self, drawing: Drawing) -> Message:
        operation, plan = self._planned(drawing)
        return reminder_message(operation, plan, self._drawings.approvals(operation.id), self._approvers(operation))

    def _planned(self, drawing: Drawing) -> tuple[Operation, Plan]:
        operation = self._drawings.operation(drawing.subject_id)
        plan = self._drawings.plan(operation.id)
        if plan is None:
            raise NotFound(f"There is no plan for operation {operation.id}.")
        return operation, plan

    def _approvers(self, operation: Operation) -> tuple[str, ...]:
        """As the settings name them: Slack itself knows who is in a usergroup."""
        known = operation.target in self._settings.targets
        return self._settings.policy_of(operation.target).approvers if known else ()

    def _step(self, drawing: Drawing) -> Message:
        operation = self._drawings.operation(drawing.subject_id)
        step = next((step for step in operation.steps if str(step.position) == drawing.detail), None)
        if step is None:
            raise NotFound(f"Operation {operation.id} has no step {drawing.detail}.")
        return step_message(operation, step)

    def _failure(self, drawing: Drawing) -> Message:
        return failure_message(self._drawings.operation(drawing.subject_id))

    def _window(self, drawing: Drawing) -> Message:
        return window_announcement(self._drawings.window(drawing.subject_id))

    def _window_edge(self, drawing: Drawing) -> Message:
        return window_edge(self._drawings.window(drawing.subject_id), drawing.detail)

    def _alert(self, drawing: Drawing) -> Message:
        return alert_message(self._drawings.alert(int(drawing.subject_id)))

    def _notice(self, drawing: Drawing) -> Message:
        return notice_message(self._drawings.audit_entry(int(drawing.subject_id)))

    def _report(self, drawing: Drawing) -> Message:
        return report_message(self._drawings.report(drawing.subject_id))
