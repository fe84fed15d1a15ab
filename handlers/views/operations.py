"""The headline of an operation, and the messages in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.models import Approval, Operation, OperationKind, OperationState, Plan, Step, StepState, Surface
from handlers import ids
from handlers.text import code, date, duration, inline, literal, preformatted
from handlers.views.approval import can_be_asked_again
from handlers.views.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    literal_context,
    section,
    sections,
)
from handlers.views.break_glass import break_glass_blocks
from handlers.views.decisions import cancelled_by, decisions, denial_words
from handlers.views.people import mention
from handlers.views.progress import (
    current_step,
    failed_step,
    percentage,
    progress_lines,
    step_count,
    step_line,
)
from handlers.views.results import result_blocks, result_words
from handlers.views.states import NOUNS, OPERATION_MARKS, OPERATION_WORDS, STEP_MARKS

_CANCELLABLE = {
    OperationKind.BACKUP: "What was stored of it so far is removed. The database is not touched.",
    OperationKind.RESTORE: "The database stays as it is, and the services are started again.",
    OperationKind.UNDO: "The database stays as it is, and the services are started again.",
}


def headline(
    operation: Operation,
    now: datetime,
    plan: Plan | None = None,
    approvals_channel: str = "",
    approvals: Sequence[Approval] = (),
) -> Message:
    """The one message of an operation, drawn again with each change."""
    noun, words = NOUNS[operation.kind], OPERATION_WORDS[operation.state]
    by = cancelled_by(operation)
    gist = denial_words(approvals) or by or _gist(operation)
    blocks = [
        section(f"{OPERATION_MARKS[operation.state]} *{noun}* of {code(operation.target)} {words}{by}"),
        *_why(operation),
        *sections(decisions(approvals, plan)),
        *_body(operation, now, plan, approvals_channel),
        *_cancel(operation),
        *break_glass_blocks(operation),
        *_again(operation),
        _footer(operation),
    ]
    return Message(f"{noun} of {operation.target} {words}{gist}", blocks)


def step_message(operation: Operation, step: Step) -> Message:
    """One step, in the thread."""
    title = inline(step.title, 120)
    line = f"{STEP_MARKS[step.state]} *{title}*"
    if step.state is StepState.SKIPPED:
        line += " was skipped"
    if step.duration is not None:
        line += f" · {duration(step.duration)}"
    if step.detail:
        line += f"\n{inline(step.detail, 600)}"
    return Message(f"{title}: {step.state.value} ({operation.target})", [section(line)])


def failure_message(operation: Operation) -> Message:
    """What the tools said, in the thread."""
    details = operation.failure.details if operation.failure else ""
    blocks = [section("What the tools said:"), section(preformatted(details or "They said nothing."))]
    return Message(f"What the tools said when {operation.id} failed", blocks)


def failure_blocks(operation: Operation) -> list[Block]:
    """What happened, what was left as it was, the next step."""
    failure = operation.failure
    if failure is None:
        return []
    step = failed_step(operation)
    where = f" at “{inline(step.title, 120)}”" if step else ""
    told = [
        (f"What happened{where}", failure.message),
        ("Left as it was", failure.left_as_it_was),
        ("Next step", failure.remedy),
    ]
    return sections([f"*{name}*: {inline(text, 900)}" for name, text in told if text])


def _gist(operation: Operation) -> str:
    if operation.state is OperationState.DONE:
        words = result_words(operation)
        return f": {words}" if words else ""
    if operation.failure is not None:
        return f": {inline(operation.failure.message, 300)}"
    percent = percentage(operation.progress) if operation.progress else None
    if operation.state is OperationState.RUNNING and percent is not None:
        return f": {percent} %"
    return ""


def _why(operation: Operation) -> list[Block]:
    if not operation.reason:
        return []
    name = "Note" if operation.kind is OperationKind.BACKUP else "Reason"
    return [literal_context(f"{name}: {literal(operation.reason, 1000)}")]


def _body(operation: Operation, now: datetime, plan: Plan | None, approvals_channel: str) -> list[Block]:
    if operation.state is OperationState.AWAITING_APPROVAL:
        return _waiting(operation, plan, approvals_channel)
    if operation.state is OperationState.RUNNING:
        return _running(operation, now)
    if operation.state is OperationState.DONE:
        return result_blocks(operation)
    return failure_blocks(operation) + _finished_steps(operation)


def _waiting(operation: Operation, plan: Plan | None, approvals_channel: str) -> list[Block]:
    if operation.requester.surface is Surface.CLI:
        return [section("It waits at the shell for the database's name to be typed. Nothing is touched until then.")]
    where = f" in <#{approvals_channel}>" if approvals_channel else ""
    until = f" until {date(plan.expires_at)}" if plan else ""
    told = f"The plan can be approved or denied{where}{until}. Nothing is touched before it is approved."
    return [section(told)]


def _running(operation: Operation, now: datetime) -> list[Block]:
    step = current_step(operation)
    told = []
    if step is not None:
        told.append(" · ".join(filter(None, [inline(step.title, 120), step_count(operation)])))
    if operation.progress is not None:
        told.append(progress_lines(operation.progress))
    if operation.started_at is not None:
        told.append(f"for {duration((now - operation.started_at).total_seconds())} so far")
    blocks = [section("\n".join(told))] if told else []
    if operation.kind in (OperationKind.RESTORE, OperationKind.UNDO) and len(operation.steps) > 1:
        blocks += sections([step_line(step) for step in operation.steps])
    return blocks


def _cancel(operation: Operation) -> list[Block]:
    if operation.state not in (OperationState.QUEUED, OperationState.RUNNING):
        return []
    if operation.kind not in _CANCELLABLE or operation.past_return:
        return []
    if operation.cancel_asked_by is not None:
        return [section(f"{mention(operation.cancel_asked_by)} called it off; it is cleaning up.")]
    noun = NOUNS[operation.kind].lower()
    asks = confirm(f"Cancel this {noun}?", _CANCELLABLE[operation.kind], f"Cancel the {noun}", "Let it go on", "danger")
    return [actions("operation", button("Cancel", ids.CANCEL_OPERATION, operation.id, confirm=asks))]


def _again(operation: Operation) -> list[Block]:
    if not can_be_asked_again(operation):
        return []
    return [actions("again", button("Ask again…", ids.ASK_AGAIN, operation.id))]


def _finished_steps(operation: Operation) -> list[Block]:
    """Of a failed operation: how far it came."""
    acted = [step for step in operation.steps if step.state is not StepState.PENDING]
    if operation.state is not OperationState.FAILED or len(acted) < 2:
        return []
    return sections([step_line(step) for step in acted])


def _footer(operation: Operation) -> Block:
    told = [f"Asked by {mention(operation.requester)} {date(operation.created_at)}"]
    if operation.duration is not None and operation.state.ended:
        told.append(f"took {duration(operation.duration)}")
    return context(" · ".join(told), f"Operation {code(operation.id)}")
