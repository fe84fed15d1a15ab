"""Values to draw, as the services give them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.models import (
    Actor,
    Alert,
    AlertState,
    Approval,
    AuditEntry,
    Backup,
    BackupKind,
    Check,
    Checklist,
    CheckState,
    DatabaseDigest,
    Decision,
    Failure,
    Manifest,
    Operation,
    OperationKind,
    OperationState,
    Plan,
    Step,
    StepState,
    StoredObject,
    TableDigest,
    TargetStatus,
    Window,
    WindowState,
)
from bot.operations.checklists import to_result

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
HOSTILE = "<!channel> *bold* `code` <@U0VICTIM1>\n> quote & <https://evil.example|click> \u202e"
OPERATOR = Actor("U0OPERATOR", "Olive")
APPROVER = Actor("U0APPROVER", "Ada")
ID = "20261122T101000Z-7k3f"
HASH = "ab" * 32


def ago(**units: float) -> datetime:
    return NOW - timedelta(**units)


def backup(number: int = 0, **changes: Any) -> Backup:
    manifest = Manifest(
        backup_id=f"20261122T0{number % 10}0000Z-7k3f",
        target="inventory",
        kind=BackupKind.ON_DEMAND,
        database="inventory",
        system_identifier="7",
        server_version="16.4",
        server_version_num=160004,
        started_at=ago(hours=2 + number),
        finished_at=ago(hours=2 + number) + timedelta(seconds=7),
        objects=(StoredObject("database.toc.dat.zst", 29_100_000, "0" * 64, "dump", 90_000_000),),
        digest=DatabaseDigest((TableDigest("public.devices", 4000, "1"),), {}, 0, "0" * 64),
        database_bytes=210_000_000,
        dump_bytes=90_000_000,
        revision="a1b2c3",
        properties={},
        tools_version="16.4",
        note="before the upgrade",
    )
    entry = Backup(
        id=manifest.backup_id,
        target="inventory",
        kind=BackupKind.ON_DEMAND,
        operation_id=ID,
        storage="offsite",
        location="s3://bucket/inventory/x/",
        manifest_sha256="c" * 64,
        manifest=manifest,
    )
    return replace(entry, **changes)


_NOT_STARTED = (OperationState.PLANNING, OperationState.AWAITING_APPROVAL, OperationState.QUEUED)


def operation(kind: OperationKind, state: OperationState, **changes: Any) -> Operation:
    known = Operation(
        id=ID,
        kind=kind,
        target="inventory",
        state=state,
        requester=OPERATOR,
        reason="",
        parameters={},
        created_at=ago(minutes=5),
        version=1,
        started_at=None if state in _NOT_STARTED else ago(minutes=4),
        finished_at=ago(minutes=1) if state.ended else None,
    )
    return replace(known, **changes)


def step(position: int, title: str, state: StepState, detail: str = "") -> Step:
    started = None if state is StepState.PENDING else ago(minutes=3)
    finished = ago(minutes=2) if state in (StepState.DONE, StepState.FAILED) else None
    return Step(position, title.lower(), title, state, started, finished, detail)


FAILURE = Failure(
    "pg_dump exited with 1: connection lost",
    "Ask again once the server is reachable.",
    "No manifest was written, so no backup exists.",
    "pg_dump: error: connection lost",
)
BACKUP_RESULT = {
    "backup_id": "20261122T101000Z-9abc",
    "size": 29_100_000,
    "dump_bytes": 90_000_000,
    "database_bytes": 210_000_000,
    "duration": 7.21,
    "rate": 4_036_000.0,
    "location": "s3://bucket/inventory/x/",
    "revision": "a1b2c3",
    "rows": 300_012,
    "tables": 5,
    "manifest_sha256": "c" * 64,
}
RESTORE_RESULT = {
    "backup_id": "20261122T081500Z-7k3f",
    "safety_backup_id": "20261122T101000Z-9abc",
    "aside_database": "inventory__old_7k3f",
    "aside_until": (NOW + timedelta(hours=24)).isoformat(),
    "tables": 5,
    "rows": 300_012,
    "downtime_seconds": 3.4,
    "health": "HTTP 200 after 0.4 s",
}


def checklist(*states: CheckState, text: str = "backup is 2 h old") -> Checklist:
    checks = [Check(f"check_{n}", f"Check {n}", state, text, "Do something.") for n, state in enumerate(states)]
    return Checklist("inventory", NOW, tuple(checks))


def preflight(*states: CheckState) -> Operation:
    result = {"checklist": to_result(checklist(*states))}
    return operation(OperationKind.PREFLIGHT, OperationState.DONE, result=result)


def plan(**changes: Any) -> Plan:
    body = {
        "operation": ID,
        "kind": "restore",
        "target": "inventory",
        "database": "inventory",
        "database_bytes": 210_000_000,
        "reason": "Wrong bulk update",
        "backup": {
            "id": "20261122T081500Z-7k3f",
            "kind": "on_demand",
            "taken_at": ago(hours=2).isoformat(),
            "size": 29_100_000,
            "manifest_sha256": "c" * 64,
            "revision": "a1b2c3",
            "rows": 300_012,
            "server_version": "16.4",
        },
        "loses": {
            "since": ago(hours=2).isoformat(),
            "database_bytes": 210_000_000,
            "sessions": [{"application_name": "api", "user": "app", "count": 3}],
        },
        "services": ["api", "worker"],
        "downtime": "now",
        "keep_old_for": 86400,
        "warnings": [],
        "required_approvals": 1,
    } | changes
    return Plan(HASH, ID, body, ago(minutes=4), NOW + timedelta(minutes=26), 1)


def approval(decision: Decision, comment: str = "") -> Approval:
    return Approval(ID, HASH, APPROVER, decision, comment, ago(minutes=1))


def window(state: WindowState, reason: str = "Move to the new disk") -> Window:
    return Window("20261122T101000Z-wwww", "inventory", NOW, NOW + timedelta(hours=2), reason, state, OPERATOR, 1)


def alert(state: AlertState, severity: CheckState = CheckState.FAILED, text: str = "26 h old") -> Alert:
    resolved = NOW if state is AlertState.RESOLVED else None
    return Alert(
        7, "inventory", "backup_age", "Newest backup within the RPO", text, "Take one now.", severity, state,
        ago(hours=2, minutes=5), resolved, 1,
    )  # fmt: skip


def target_status(**changes: Any) -> TargetStatus:
    known = TargetStatus("inventory", "inventory", backup(), 86400.0, None, (), (), (), NOW + timedelta(hours=16))
    return replace(known, **changes)


def audit_entry(position: int, text: str = "accepted") -> AuditEntry:
    return AuditEntry(position, NOW, OPERATOR, "backup.request", "inventory", ID, None, text, {}, "0" * 64, "1" * 64)
