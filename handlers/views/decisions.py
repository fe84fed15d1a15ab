"""What was decided on a plan and by whom, the dialogs that ask for it, the reminder that somebody should."""

from __future__ import annotations

from collections.abc import Sequence

from bot.models import Approval, Decision, Operation, OperationState, Plan
from handlers import ids
from handlers.text import code, date, inline, literal, number, plural
from handlers.views.blocks import Block, Message, context, input_block, modal, section, text_input
from handlers.views.people import mention, mentions
from handlers.views.states import NOUNS


def decisions(approvals: Sequence[Approval], plan: Plan | None) -> list[str]:
    """A line for each, and how many approvals there are where more than one is needed."""
    lines = [decision_line(approval) for approval in approvals[:10]]
    if plan is not None and plan.required_approvals > 1:
        given = sum(approval.counts for approval in approvals)
        lines.append(f"{number(given)} of {plural(plan.required_approvals, 'approval')}")
    return lines


def decision_line(approval: Approval) -> str:
    verb = "Approved" if approval.decision is Decision.APPROVED else "Denied"
    said = f": {inline(approval.comment, 600)}" if approval.comment else ""
    line = f"{verb} by {mention(approval.person)} {date(approval.decided_at)}{said}"
    if approval.withdrawn_at is not None:
        return f"{line}\nWithdrawn by {mention(approval.person)} {date(approval.withdrawn_at)}"
    return line


def denial_words(approvals: Sequence[Approval]) -> str:
    """For a line of plain text: who denied it and why; empty where nobody did."""
    denied = [approval for approval in approvals if approval.decision is Decision.DENIED]
    if not denied:
        return ""
    last = denied[-1]
    return f" by {mention(last.person)}" + (f": {inline(last.comment, 300)}" if last.comment else "")


def cancelled_by(operation: Operation) -> str:
    """For a line of plain text: who called off what waited; empty where nobody did, or where its failure says so."""
    asked_by = operation.cancel_asked_by
    if operation.state is not OperationState.CANCELLED or asked_by is None or operation.failure is not None:
        return ""
    return f" by {mention(asked_by)}"


def approval_modal(operation: Operation, database: str, blocks: Sequence[Block], dialog: ids.ModalContext) -> Block:
    """`blocks` tell what will be destroyed."""
    name = text_input(ids.CONFIRMATION, literal(database, 150), max_length=200)
    comment = text_input(ids.COMMENT, "Shown on the card and kept in the audit log", multiline=True, max_length=1000)
    return modal(
        f"Approve the {operation.kind}",
        [
            *blocks,
            input_block(
                "Name of the database",
                name,
                ids.CONFIRMATION,
                hint=f"Type {literal(database, 200)} to show that you know which one it is.",
            ),
            input_block("Comment", comment, ids.COMMENT, optional=True),
            context(f"Operation {code(operation.id)}"),
        ],
        callback_id=ids.APPROVAL_MODAL,
        submit="Approve",
        private_metadata=ids.encode(dialog),
    )


def denial_modal(operation: Operation, dialog: ids.ModalContext) -> Block:
    reason = text_input(ids.REASON, "What must be so before it can be approved?", multiline=True, max_length=1000)
    told = f"{NOUNS[operation.kind]} of {code(operation.target)}, asked by {mention(operation.requester)}"
    return modal(
        f"Deny the {operation.kind}",
        [
            section(told),
            input_block("Reason", reason, ids.REASON, hint="Everybody who sees the card reads it."),
            context(f"Operation {code(operation.id)}"),
        ],
        callback_id=ids.DENIAL_MODAL,
        submit="Deny",
        private_metadata=ids.encode(dialog),
    )


def reminder_message(
    operation: Operation, plan: Plan, approvals: Sequence[Approval], approvers: Sequence[str]
) -> Message:
    """Once, in the card's thread."""
    noun = f"{NOUNS[operation.kind]} of {operation.target}"
    if operation.state is not OperationState.AWAITING_APPROVAL:
        told = f"The {noun[0].lower()}{noun[1:]} waits for approval no longer."
        return Message(told, [section(inline(told))])
    done = {approval.person.id for approval in approvals if approval.counts} | {operation.requester.id}
    asked = mentions([person for person in approvers if person not in done])
    whom = f"{asked}: it" if asked else "It"
    told = f"⏰ {whom} waits for your decision, and expires {date(plan.expires_at)}."
    return Message(f"{noun} waits for approval until {date(plan.expires_at)}", [section(told)])
