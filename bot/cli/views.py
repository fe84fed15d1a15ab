"""What the commands print for people. JSON documents hold the same in full."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from bot.models import Backup, Checklist, CheckState, Operation, Plan
from bot.operations.checklists import spoken
from bot.operations.rescan import Rescanned

_COLOURS = {
    CheckState.PASSED: "green",
    CheckState.WARNING: "yellow",
    CheckState.FAILED: "red",
    CheckState.UNKNOWN: "magenta",
}


def backup_document(backup: Backup) -> dict[str, Any]:
    manifest = backup.manifest
    return {
        "id": backup.id,
        "target": backup.target,
        "kind": backup.kind,
        "taken_at": backup.taken_at,
        "finished_at": manifest.finished_at,
        "size": backup.size,
        "dump_bytes": manifest.dump_bytes,
        "location": backup.location,
        "revision": manifest.revision,
        "rows": manifest.digest.rows,
        "tables": len(manifest.digest.tables),
        "server_version": manifest.server_version,
        "verified_at": backup.verified_at,
        "manifest_sha256": backup.manifest_sha256,
        "operation_id": backup.operation_id,
        "note": manifest.note,
    }


def rescan_result(rescanned: Rescanned) -> Text:
    """What storage had, what was added, and what a person has to look at."""
    lines = [f"{len(rescanned.found)} backups in storage, {len(rescanned.added)} of them added to the catalog."]
    lines += [f"{backup_id} cannot be read: {why}" for backup_id, why in rescanned.unreadable]
    lines += [f"{backup_id} is in the catalog, but not in storage." for backup_id in rescanned.missing]
    return Text("\n".join(lines))


def drill_result(operation: Operation) -> Text:
    result = operation.result
    return Text(
        f"{result['backup_id']} is verified: {result['rows']:,} rows in {result['tables']} tables are equal, "
        f"restored in {result['restore_seconds']:.1f} s; structure: {result['structure']}; "
        f"smoke queries: {result['smoke_queries']}"
    )


def backup_table(backups: list[Backup], now: datetime) -> Table | Text:
    if not backups:
        return Text("No backup yet.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Id", "Age", "Kind", "Size", "Rows", "Revision", "Verified"):
        table.add_column(column, no_wrap=True)
    table.add_column("Location", overflow="fold")
    for backup in backups:
        table.add_row(
            Text(backup.id),
            spoken(now - backup.taken_at),
            backup.kind.value.replace("_", " "),
            decimal(backup.size),
            f"{backup.manifest.digest.rows:,}",
            Text(backup.manifest.revision or "-"),
            "yes" if backup.verified_at else "no",
            Text(backup.location),
        )
    return table


def backup_result(operation: Operation) -> Text:
    result = operation.result
    return Text(
        f"Backup {result['backup_id']} of {operation.target}: {decimal(result['size'])} in {result['duration']:.1f} s, "
        f"{result['rows']:,} rows, revision {result['revision'] or 'none'}\n{result['location']}"
    )


def restore_result(operation: Operation) -> Text:
    result = operation.result
    if "side_schema" in result:
        return Text(
            f"{result['rows']:,} rows of {', '.join(result['only'])} are in the schema {result['side_schema']}, "
            f"equal to those of {result['backup_id']}. When done with it: DROP SCHEMA {result['side_schema']} CASCADE"
        )
    if "new_database" in result:
        return Text(
            f"{result['backup_id']} of {result['source']} is the database {result['new_database']}: "
            f"{result['rows']:,} rows equal, then {result['masked']} masking statements run"
        )
    return Text(
        f"Restored {result['backup_id']} into {operation.target}: {result['rows']:,} rows equal, services down for "
        f"{result['downtime_seconds']:.1f} s, health: {result['health']}\n"
        f"Safety backup {result['safety_backup_id']}; the former database is kept as {result['aside_database']} "
        f"until {result['aside_until']}"
    )


def undo_result(operation: Operation) -> Text:
    result = operation.result
    return Text(
        f"Undid {result['undoes']} on {operation.target}, services down for {result['downtime_seconds']:.1f} s, "
        f"health: {result['health']}\nWhat was there before is kept as {result['aside_database']} "
        f"until {result['aside_until']}"
    )


def plan_summary(plan: Plan) -> str:
    body = plan.body
    if "side" in body:
        return "\n".join(
            [
                f"Plan {plan.hash[:12]} (break-glass, without approval):",
                f"  bring into the schema {body['side']['schema']} of database {body['database']}",
                *(f"  {name}: {rows:,} rows" for name, rows in body["side"]["tables"].items()),
                f"  from backup {body['backup']['id']}, taken {body['backup']['taken_at']}",
                "  nothing is replaced, no service is stopped",
            ]
        )
    if "new_database" in body:
        return "\n".join(
            [
                f"Plan {plan.hash[:12]} (break-glass, without approval):",
                f"  make the database {body['new_database']} on the server of {body['database']}",
                f"  from backup {body['backup']['id']}, taken {body['backup']['taken_at']}",
                *_origin(body),
                "  nothing is replaced, no service is stopped",
            ]
        )
    sessions = sum(item["count"] for item in body["loses"]["sessions"])
    lines = [
        f"Plan {plan.hash[:12]} (break-glass, without approval):",
        f"  replace database {body['database']} of target {body['target']}",
        *_replacement(body),
        f"  {_lost(body['loses'])} leaves the live database; {sessions} sessions are ended",
        f"  services stopped and started: {', '.join(body['services']) or 'none'}",
    ]
    return "\n".join(lines)


def _replacement(body: Mapping[str, Any]) -> list[str]:
    if "aside" in body:
        return [
            f"  by {body['aside']['database']}, set aside by {body['undoes']['kind']} {body['undoes']['id']}",
            "  what is there now stays, closed, for a way back",
        ]
    return [
        f"  by backup {body['backup']['id']}, taken {body['backup']['taken_at']}, {decimal(body['backup']['size'])}",
        "  a safety backup is taken first; the former database stays, closed, for a way back",
        *_origin(body),
        *_consequences(body),
        *(f"  warning: {warning}" for warning in body["warnings"]),
    ]


def _consequences(body: Mapping[str, Any]) -> list[str]:
    loses, lines = body["loses"], []
    if changes := loses.get("changes"):
        counts = ", ".join(f"{changes[verb]:,} {verb}" for verb in ("inserted", "updated", "deleted"))
        lines.append(f"  rows written since: {counts}")
    for title, found in (
        ("tables made since, which will be gone", loses.get("tables_going")),
        ("tables dropped since, which come back", loses.get("tables_coming")),
        ("migrations that the backup lacks", body.get("pending_migrations")),
        ("the database will differ", body.get("differences")),
        ("other images are deployed now", body.get("other_images")),
    ):
        if found:
            lines.append(f"  {title}: {'; '.join(found)}")
    return lines


def _lost(loses: Mapping[str, Any]) -> str:
    return f"everything written since {loses['since']}" if "since" in loses else "all that it holds"


def _origin(body: Mapping[str, Any]) -> list[str]:
    source = body.get("source")
    if source is None:
        return []
    masked = f"masked by {source['masking']}" if source["masking"] else "NOT masked"
    return [f"  the rows are those of target {source['target']}, {masked}"]


def checklist_table(checklist: Checklist) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.title = Text(f"{checklist.target}: {checklist.verdict.value}", style=_COLOURS[checklist.verdict])
    for column in ("", "Check", "Found", "Next"):
        table.add_column(column, overflow="fold")
    for check in checklist.checks:
        state = Text(check.state.value, style=_COLOURS[check.state])
        table.add_row(state, check.title, Text(check.summary), Text(check.remedy))
    return table
