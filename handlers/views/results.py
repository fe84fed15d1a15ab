"""What came of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.models import CheckState, Operation, OperationKind
from bot.operations.checklists import checklist_of
from handlers.text import code, date, duration, inline, plural, rate, size
from handlers.views.blocks import Block, fields, section
from handlers.views.checklist import FITNESS, READINESS, checklist_blocks, tally
from handlers.views.elsewhere import copy_fields, origin_fields
from handlers.views.side import side_fields
from handlers.views.states import CHECK_MARKS


def result_blocks(operation: Operation) -> list[Block]:
    if operation.kind is OperationKind.BACKUP:
        return [fields(_backup(operation.result))]
    if operation.kind is OperationKind.RESTORE:
        return [fields(_restored(operation.result))]
    if operation.kind is OperationKind.UNDO:
        return [fields(_undo(operation.result))]
    if operation.kind is OperationKind.DRILL:
        return [fields(_drill(operation.result))]
    return _checked(operation)


def result_words(operation: Operation) -> str:
    """The gist, for the notification."""
    result = operation.result
    if operation.kind is OperationKind.BACKUP and "size" in result:
        return f"{size(result['size'])}, {result['backup_id']}"
    if operation.kind is OperationKind.RESTORE and "backup_id" in result:
        return f"from {result['backup_id']}"
    if operation.kind is OperationKind.UNDO and "undoes" in result:
        return f"of {result['undoes']}"
    if operation.kind is OperationKind.DRILL and "backup_id" in result:
        return f"{result['backup_id']} is verified"
    checklist = checklist_of(operation)
    return _verdicts(operation)[checklist.verdict] if checklist else ""


def _backup(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    revision = result.get("revision")
    return [
        ("Backup", code(result["backup_id"])),
        ("Size", _size(result)),
        ("Took", _took(result)),
        ("Contents", _contents(result)),
        ("Revision", code(revision) if revision else "none"),
        ("Manifest SHA-256", code(result["manifest_sha256"][:16])),
        ("Location", code(result["location"], 400)),
        *([("SQL script", code(result["script"], 400))] if result.get("script") else []),
    ]


def _drill(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    counted = result["only_counted"]
    compared = f"{_contents(result)}: counts and digests equal the manifest’s"
    if counted:
        compared += f"; only counted: {', '.join(code(name) for name in counted[:5])}"
    queries = result["smoke_queries"]
    return [
        ("Verified", code(result["backup_id"])),
        ("Compared", compared),
        ("Restored in", duration(result["restore_seconds"])),
        ("Structure", inline(result["structure"], 200)),
        ("Smoke queries", f"{queries} passed" if queries else "none are set"),
    ]


def _restored(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "side_schema" in result:
        return side_fields(result)
    return copy_fields(result) if "new_database" in result else _restore(result)


def _restore(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Restored from", code(result["backup_id"])),
        ("Verified", f"{_contents(result)}: counts and digests equal the manifest’s"),
        ("Downtime", duration(result["downtime_seconds"])),
        ("Health", inline(str(result.get("health") or "not checked: no health_url is set"), 200)),
        ("Safety backup", code(result["safety_backup_id"])),
        ("Old database", _aside(result)),
        *origin_fields(result),
    ]


def _undo(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Undone", code(result["undoes"])),
        ("Downtime", duration(result["downtime_seconds"])),
        ("Health", inline(str(result.get("health") or "not checked: no health_url is set"), 200)),
        ("What was there before", _aside(result)),
    ]


def _verdicts(operation: Operation) -> Mapping[CheckState, str]:
    return FITNESS if operation.kind is OperationKind.DOCTOR else READINESS


def _checked(operation: Operation) -> list[Block]:
    checklist = checklist_of(operation)
    if checklist is None:
        return []
    verdict = checklist.verdict
    summary = f"{CHECK_MARKS[verdict]} *{_verdicts(operation)[verdict].capitalize()}* · {tally(checklist)}"
    return [section(summary), *checklist_blocks(checklist)]


def _size(result: Mapping[str, Any]) -> str:
    return f"{size(result['size'])}, of a database of {size(result['database_bytes'])}"


def _took(result: Mapping[str, Any]) -> str:
    """The rate is of what PostgreSQL gave, which is neither what is stored nor the database's size on its disk."""
    took, speed = duration(result["duration"]), result.get("rate")
    return f"{took}: {size(result['dump_bytes'])} before compression, at {rate(speed)}" if speed else took


def _contents(result: Mapping[str, Any]) -> str:
    return f"{plural(result['rows'], 'row')} in {plural(result['tables'], 'table')}"


def _aside(result: Mapping[str, Any]) -> str:
    removed = result.get("aside_removed_at")
    if removed is not None:
        return f"{code(result['aside_database'])}, removed {date(datetime.fromisoformat(removed))}"
    if (undone_by := result.get("undone_by")) is not None:
        return f"in place again, by {code(undone_by)}"
    until = datetime.fromisoformat(result["aside_until"])
    return f"{code(result['aside_database'])}, kept until {date(until)}"
