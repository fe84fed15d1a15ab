"""The whole plan, as readable text: in a modal, and in the thread of its card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.models import Operation, Plan
from handlers.text import code, date, duration, inline, number, plural, size
from handlers.views.blocks import Block, Message, context, fitted, header, literal_section, modal, section, sections
from handlers.views.states import NOUNS

_NAMES: Mapping[str, str] = {
    "database": "Database",
    "database_oid": "Its oid",
    "database_bytes": "Its size",
    "system_identifier": "System identifier of the server",
    "server_version": "PostgreSQL",
    "server_major": "Major version",
    "current_revision": "Revision now",
    "heads": "Head of the deployed application",
    "services": "Services stopped and started",
    "downtime": "Services are stopped",
    "safety_backup": "Safety backup first",
    "keep_old_for": "The former database is kept for",
    "required_approvals": "Approvals needed",
    "expires_in": "To be approved within",
    "since": "Since",
    "id": "Id",
    "kind": "Kind",
    "taken_at": "Taken",
    "swapped_at": "Swapped",
    "size": "Size",
    "manifest_sha256": "SHA-256 of the manifest",
    "revision": "Revision",
    "rows": "Rows",
    "location": "Location",
    "needed": "Needed for a second database",
    "needed_for": "That is",
    "free": "Free",
    "operation": "Operation",
    "seconds": "Took",
    "downtime_seconds": "Downtime",
    "schema": "Schema",
    "new_database": "New database",
    "target": "Target",
    "masking": "Masked by",
    "masking_sha256": "SHA-256 of that file",
    "statements": "Its statements",
    "tables": "Tables",
    "tables_going": "Tables made since, which will be gone",
    "tables_coming": "Tables dropped since, which come back",
    "pending_migrations": "Migrations of the deployed application that the backup lacks",
    "differences": "The database itself will differ",
    "other_images": "Other images are deployed than when the backup was taken",
    "tools": "PostgreSQL's tools run by",
}
_PARTS: Mapping[str, str] = {
    "backup": "Backup that comes back",
    "source": "Whose data come",
    "undoes": "Swap that is undone",
    "aside": "Database that comes back",
    "loses": "Lost or interrupted",
    "side": "Tables that come beside",
    "disk": "Disk of the server",
    "last_time": "The last restore of this target",
}
_TOLD_ELSEWHERE = frozenset({"operation", "kind", "target", "requester", "reason", "warnings"})
_BYTES, _SECONDS = ("size", "bytes", "needed", "free"), ("keep_old_for", "expires_in", "seconds")
_ONE_A_LINE = frozenset({"differences", "pending_migrations", "other_images"})
_WITHOUT = {
    "free": "cannot be seen from the worker",
    "pending_migrations": "cannot be told",
    "masking": "nothing: the rows come as they are",
}
"""What a lack means where it is not `none`."""
_MORE = "There is more than Slack holds; the audit log and the state database have the plan in full."


def plan_message(operation: Operation, plan: Plan) -> Message:
    """For the thread."""
    title = f"The whole plan: {NOUNS[operation.kind].lower()} of {operation.target}"
    return Message(title, fitted([section(f"*{inline(title, 200)}*"), *plan_blocks(operation, plan)], _MORE))


def plan_modal(operation: Operation, plan: Plan) -> Block:
    return modal("The plan", fitted([header(f"{NOUNS[operation.kind]} of {operation.target}"),
                                     *plan_blocks(operation, plan)], _MORE))  # fmt: skip


def plan_blocks(operation: Operation, plan: Plan) -> list[Block]:
    """All that its hash covers and that says something: what has no name here is shown by its key."""
    body = _told(operation, plan.body)
    parts = [key for key in body if isinstance(body[key], Mapping) and key not in _TOLD_ELSEWHERE]
    plain = {key: body[key] for key in body if key not in (*parts, *_TOLD_ELSEWHERE)}
    blocks = [literal_section(f"Reason: {operation.reason[:1500]}")] if operation.reason else []
    blocks += sections(_lines(plain))
    for key in parts:
        blocks += sections([f"*{_PARTS.get(key, inline(key, 60))}*", *_lines(body[key])])
    warnings = [f"⚠️ {inline(str(warning), 600)}" for warning in body.get("warnings", ())]
    blocks += sections(warnings)
    expires = f"expires {date(plan.expires_at)}"
    return [*blocks, context(f"Made {date(plan.created_at)}, {expires}", f"Plan {code(plan.hash)}")]


def _told(operation: Operation, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where nothing is masked nothing is said of statements; a target's own backup has no origin to tell."""
    source = body.get("source")
    if source is None or source["masking"] is not None:
        return body
    others = {key: value for key, value in body.items() if key != "source"}
    if source["target"] == operation.target:
        return others
    return others | {"source": {"target": source["target"], "masking": None}}


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if key == "sessions":
            yield from _sessions(value)
        elif key == "changes":
            yield from changed_rows(value)
        elif key in _ONE_A_LINE and value:
            yield f"{_NAMES[key]}:"
            yield from (f"• {inline(item, 300)}" for item in value[:40])
        else:
            yield f"{_NAMES.get(key) or _PARTS.get(key) or inline(key, 60)}: {_value(key, value)}"


def _sessions(sessions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    total = sum(session["count"] for session in sessions)
    yield f"Open sessions, which will be closed: {total}"
    for session in sessions[:40]:
        name = session.get("application_name") or "without a name"
        yield f"• {session['count']} of {code(str(name), 60)} as {code(str(session['user']), 60)}"
    if len(sessions) > 40:
        yield f"• and {plural(len(sessions) - 40, 'other application')}"


def changed_rows(changes: Mapping[str, Any] | None) -> Iterator[str]:
    """In all and by table; by PostgreSQL's own counters, which do not know of TRUNCATE."""
    if changes is None:
        yield "Rows written since: cannot be told, PostgreSQL's counters do not go back to the backup"
        return
    yield f"Rows written since: {row_counts(changes)}"
    for table in changes["by_table"]:
        yield f"• {code(str(table['table']), 80)}: {row_counts(table)}"
    if changes["more_tables"]:
        yield f"• and {plural(changes['more_tables'], 'other table')}"


def row_counts(counts: Mapping[str, int]) -> str:
    """Such as `12 inserted, 3 updated`."""
    told = [f"{number(counts[verb])} {verb}" for verb in ("inserted", "updated", "deleted") if counts[verb]]
    return ", ".join(told) or "none"


def _value(key: str, value: object) -> str:
    if value is None and key in _WITHOUT:
        return _WITHOUT[key]
    if value is None or value == [] or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _figure(key, value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(code(item, 80) for item in value[:30])
    if isinstance(value, str):
        moment = _moment(value) if key.endswith("_at") or key == "since" else None
        return date(moment) if moment else code(value, 400)
    return code(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str), 1500)


def _figure(key: str, value: float) -> str:
    if key.endswith(_BYTES):
        return size(value)
    if key in _SECONDS or key.endswith("_seconds"):
        return duration(value)
    return code(str(value))


def _moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
