"""The approval card: all that a person needs to say yes or no, then what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.models import Approval, BackupKind, Downtime, Operation, OperationKind, OperationState, Plan
from handlers import ids
from handlers.text import age, code, date, duration, inline, listed, literal, number, plural, size, utc
from handlers.views.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    fields,
    header,
    literal_section,
    section,
    sections,
)
from handlers.views.decisions import cancelled_by, decisions
from handlers.views.elsewhere import copied, origin
from handlers.views.people import mention, mentions
from handlers.views.plan import row_counts
from handlers.views.side import beside
from handlers.views.states import NOUNS, OPERATION_MARKS, OPERATION_WORDS
from handlers.views.undo import comes_back, undo_way_back

_TITLES: Mapping[OperationState, str] = {
    OperationState.AWAITING_APPROVAL: "needs approval",
    OperationState.DENIED: "denied",
    OperationState.EXPIRED: "expired",
    OperationState.VOIDED: "voided",
    OperationState.CANCELLED: "cancelled",
}
_NOT_STARTED = (OperationState.AWAITING_APPROVAL, OperationState.QUEUED)
_CAME_TO_NOTHING = (OperationState.VOIDED, OperationState.EXPIRED)
_WITHDRAWS = confirm(
    "Withdraw your approval?",
    "Until it begins you can take it back. With too few approvals left it waits for others again.",
    "Withdraw",
    "Let it stand",
)


def approval_card(
    operation: Operation, plan: Plan, approvals: Sequence[Approval], now: datetime, approvers: Sequence[str] = ()
) -> Message:
    """While it waits `approvers` (user and usergroup ids) are named, and so notified."""
    body = plan.body
    waiting = operation.state is OperationState.AWAITING_APPROVAL
    seen_at = now if waiting else plan.created_at
    title = f"{NOUNS[operation.kind]} of {operation.target} {_TITLES.get(operation.state, 'approved')}"
    blocks = [
        header(title),
        _asked(operation, body),
        literal_section(f"Reason: {literal(operation.reason, 1500)}"),
        *consequences(plan, seen_at, waiting=waiting),
        *sections(decisions(approvals, plan)),
        *(_decision(operation, approvers, approvals) if waiting else [_outcome(operation)]),
        _buttons(operation, approvals),
        _footer(operation, plan, waiting),
    ]
    return Message(_summary(operation, plan, title), blocks)


def consequences(plan: Plan, now: datetime, *, waiting: bool = True) -> list[Block]:
    """What comes back, what is destroyed or interrupted, the way back, and what to mind."""
    body = plan.body
    if "side" in body:
        return [section(_backup(body["backup"], now)), section(beside(body)), *_warnings(body.get("warnings", ()))]
    if "new_database" in body:
        comes = "\n".join([_backup(body["backup"], now), *origin(body)])
        return [section(comes), section(copied(body)), *_warnings(body.get("warnings", ()))]
    return [
        section(comes_back(body, now) if "aside" in body else "\n".join([_backup(body["backup"], now), *origin(body)])),
        section(_destroyed(body, now, waiting)),
        section(undo_way_back(body) if "aside" in body else _way_back(body)),
        *_warnings(body.get("warnings", ())),
    ]


def can_be_asked_again(operation: Operation) -> bool:
    """A restore whose plan came to nothing, though nobody said no."""
    return operation.kind is OperationKind.RESTORE and operation.state in _CAME_TO_NOTHING


def _summary(operation: Operation, plan: Plan, title: str) -> str:
    asked = f"{title}: asked by {mention(operation.requester)}"
    if "aside" in plan.body:
        return f"{asked}, back to before {plan.body['undoes']['kind']} {plan.body['undoes']['id']}"
    return f"{asked}, from the backup of {utc(datetime.fromisoformat(plan.body['backup']['taken_at']))}"


def _asked(operation: Operation, body: Mapping[str, Any]) -> Block:
    return fields(
        [
            ("Asked by", f"{mention(operation.requester)} {date(operation.created_at)}"),
            ("Database", f"{code(body['database'])} of target {code(operation.target)}"),
        ]
    )


def _backup(backup: Mapping[str, Any], now: datetime) -> str:
    taken_at = datetime.fromisoformat(backup["taken_at"])
    told = [size(backup["size"]), plural(backup["rows"], "row"), f"PostgreSQL {inline(backup['server_version'], 40)}"]
    if backup.get("revision"):
        told.append(f"revision {code(backup['revision'])}")
    name = "Safety backup" if backup.get("kind") == BackupKind.SAFETY else "Backup"
    return f"*Goes back to* {date(taken_at)}, {age(taken_at, now)}\n{name} {code(backup['id'])}: {', '.join(told)}"


def _destroyed(body: Mapping[str, Any], now: datetime, waiting: bool) -> str:
    loses = body["loses"]
    lines = [
        f"• {_written_since(loses, now)}; the database holds {size(loses['database_bytes'])} now",
        *(_written(loses["changes"]) if "changes" in loses else ()),
        *_tables(loses),
        f"• {_sessions(loses.get('sessions', ()))}",
        f"• {_services(body.get('services', ()), at_swap=body.get('downtime') != Downtime.NOW)}",
    ]
    title = "What will be lost or interrupted" if waiting else "What was to be lost or interrupted"
    return f"*{title}*\n" + "\n".join(lines)


def _written_since(loses: Mapping[str, Any], now: datetime) -> str:
    if "since" not in loses:
        return "all that it holds: another target’s data take its place"
    since = datetime.fromisoformat(loses["since"])
    return f"everything written since {date(since)} ({duration((now - since).total_seconds())})"


def _written(changes: Mapping[str, Any] | None) -> list[str]:
    if changes is None:
        return ["• how many rows that is cannot be told: PostgreSQL’s counters do not go back to the backup"]
    if not changes["by_table"]:
        return ["• no row was written since, by PostgreSQL's counters"]
    tables = [f"{code(table['table'], 60)} ({row_counts(table)})" for table in changes["by_table"][:5]]
    more = len(changes["by_table"]) - 5 + changes["more_tables"]
    if more > 0:
        tables.append(plural(more, "other table"))
    return [f"• rows {row_counts(changes)}: {listed(tables)}"]


def _tables(loses: Mapping[str, Any]) -> list[str]:
    going = [code(table, 60) for table in loses.get("tables_going", ())[:5]]
    return [f"• tables made since, which will be gone: {listed(going)}"] if going else []


def _sessions(sessions: Sequence[Mapping[str, Any]]) -> str:
    if not sessions:
        return "no open sessions at the time of the plan; any new ones will be closed"
    total = sum(session["count"] for session in sessions)
    names = [
        f"{number(session['count'])} of {code(session.get('application_name') or session['user'], 60)}"
        for session in sessions[:8]
    ]
    if len(sessions) > 8:
        names.append("others")
    return f"{plural(total, 'open session')}, which will be closed: {listed(names)}"


def _services(services: Sequence[str], *, at_swap: bool) -> str:
    if not services:
        return "no services are configured, so none will be stopped"
    when = "for the seconds of the swap" if at_swap else "meanwhile"
    return f"services stopped {when}: {listed([code(name, 60) for name in services[:20]])}"


def _way_back(body: Mapping[str, Any]) -> str:
    kept = body.get("keep_old_for")
    old = "The old database is set aside by a rename"
    if kept is not None:
        old += f" and kept for {duration(kept)}"
    took = ""
    if last := body.get("last_time"):
        took = (
            f"\nThe last one took {duration(last['seconds'])}, with {duration(last['downtime_seconds'])} of downtime."
        )
    return f"*The way back*\nA safety backup is taken first. {old}.{took}"


def _warnings(warnings: Sequence[str]) -> list[Block]:
    if not warnings:
        return []
    return [section("\n".join(f"⚠️ {inline(warning, 280)}" for warning in warnings[:10]))]


def _outcome(operation: Operation) -> Block:
    state = operation.state
    told = f"{OPERATION_MARKS[state]} The {operation.kind} {OPERATION_WORDS[state]}{cancelled_by(operation)}"
    if operation.finished_at is not None:
        told += f", {date(operation.finished_at)}"
    if state is not OperationState.DONE and operation.failure is not None:
        told += f".\n{inline(operation.failure.message, 600)}"
    return section(told)


def _decision(operation: Operation, approvers: Sequence[str], approvals: Sequence[Approval]) -> list[Block]:
    done = {approval.person.id for approval in approvals if approval.counts} | {operation.requester.id}
    others = [principal for principal in approvers if principal not in done]
    return [section(f"Can approve: {mentions(others)}")] if others else []


def _buttons(operation: Operation, approvals: Sequence[Approval]) -> Block:
    buttons = [button("Show the plan", ids.SHOW_PLAN, operation.id)]
    if operation.state is OperationState.AWAITING_APPROVAL:
        deciding = [button("Approve…", ids.APPROVE, operation.id, "danger"), button("Deny…", ids.DENY, operation.id)]
        buttons = deciding + buttons
    if operation.state in _NOT_STARTED and operation.started_at is None and any(item.counts for item in approvals):
        buttons.append(button("Withdraw approval", ids.WITHDRAW, operation.id, confirm=_WITHDRAWS))
    if can_be_asked_again(operation):
        buttons.append(button("Ask again…", ids.ASK_AGAIN, operation.id))
    return actions("approval", *buttons)


def _footer(operation: Operation, plan: Plan, waiting: bool) -> Block:
    told = [f"Operation {code(operation.id)}", f"Plan {code(plan.hash)}"]
    if waiting:
        told.insert(0, f"Expires {date(plan.expires_at)}")
    return context(*told)
