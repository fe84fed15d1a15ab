"""What a restore changes beside the rows: facts for its plan that a person weighs, none of which blocks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from bot.errors import BaselinerError, Interrupted
from bot.models import Backup
from bot.operations.checklists import RevisionFacts, pending_revisions
from bot.operations.revisions import deployed_revisions
from bot.postgres.changes import RowChanges, changes_between, tuple_counters
from bot.postgres.errors import readable_errors
from bot.postgres.facts import database_facts, user_tables
from bot.postgres.load import property_differences
from bot.runtime.stop import StopSignal
from bot.settings import TargetSettings

_NAMED = 20


def lost_rows(connection: Connection, backup: Backup) -> dict[str, Any]:
    """Rows written since the backup, by table, and tables that come or go. `changes` None: it cannot be told."""
    here = set(user_tables(connection))
    then = {table.table for table in backup.manifest.digest.tables}
    before = backup.manifest.counters
    changes = changes_between(before, tuple_counters(connection)) if before else None
    return {
        "changes": None if changes is None else _told(changes),
        "tables_going": sorted(here - then)[:_NAMED],
        "tables_coming": sorted(table for table in then - here if "." in table)[:_NAMED],
    }


def differences(connection: Connection, backup: Backup, database: str) -> list[str]:
    """How the restored database will differ from the present one in owner, locale, grants, settings and extensions."""
    properties = backup.manifest.properties
    found = property_differences(properties, database_facts(connection, database).as_properties())
    with readable_errors("listing extensions"):
        rows = connection.execute("SELECT name, default_version FROM pg_catalog.pg_available_extensions").fetchall()
    installed: dict[str, str] = dict(rows)
    versions = [
        f"extension {name}: {version} in the backup, {installed[name]} will be installed"
        for name, version in (properties.get("extensions") or {}).items()
        if name in installed and installed[name] != version
    ]
    return [difference.replace(" now", " at present") for difference in found] + versions


def migrations_outlook(
    settings: TargetSettings, backup: Backup, current: str | None, stop: StopSignal
) -> tuple[dict[str, Any], list[str]]:
    """Heads of the deployed code and what it would run on the restored data, oldest first (None: it cannot be told);
    and what to mind about it.
    """
    restored = backup.manifest.revision
    if settings.migrations is None:
        same = restored == current
        return {"heads": [], "pending_migrations": None}, [] if same else [_other_revision(restored, current)]
    try:
        facts = replace(deployed_revisions(settings, stop), revision=restored)
    except Interrupted:
        raise
    except BaselinerError as error:
        # The application may be what is broken: that must not keep its data from coming back.
        untold = f"What the deployed application would migrate could not be told: {error}"
        return {"heads": [], "pending_migrations": None}, [untold]
    pending = pending_revisions(facts)
    named = None if pending is None else [f"{item.id} {item.message}".strip() for item in pending]
    warning = migration_warning(facts, named, on_start=settings.migrations.on_start)
    return {"heads": list(facts.heads), "pending_migrations": named}, [warning] if warning else []


def moved_migrations(approved: Mapping[str, Any], fresh: Mapping[str, Any]) -> bool:
    """Whether another application is deployed than at the approval, as far as both times could tell."""
    then, now = (plan.get("heads") for plan in (approved, fresh))
    if not then or not now:
        return False
    return then != now or approved.get("pending_migrations") != fresh.get("pending_migrations")


def _other_revision(restored: str | None, current: str | None) -> str:
    return (
        f"The backup is at revision {restored}, the database at {current}: deploy the matching version of the "
        "application, or it may migrate the restored data when it starts."
    )


def migration_warning(facts: RevisionFacts, pending: Sequence[str] | None, *, on_start: bool | None) -> str:
    """What becomes of a backup at `facts.revision` under the deployed code; empty where they are alike."""
    heads = ", ".join(facts.heads)
    if facts.revision is None:
        return f"The backup has no Alembic revision; the deployed application is at {heads}."
    if set(facts.revision.split(",")) == set(facts.heads):
        return ""
    matching = f"To run on the data as it was, deploy the version of the application that is at {facts.revision} first."
    if facts.history is not None and not facts.history.knows(facts.revision.split(",")):
        return (
            f"The deployed application does not know the backup's revision {facts.revision}: it is older than the "
            f"backup. {matching}"
        )
    if pending is None:
        return (
            f"The backup is at revision {facts.revision}, the deployed application at {heads}; what lies between "
            f"cannot be named without [targets.….migrations] history. {matching}"
        )
    count = f"{len(pending)} migration{'s' if len(pending) > 1 else ''}"
    names = "; ".join(pending[:_NAMED])
    if on_start is False:
        return f"The deployed application expects {heads}: {count} will be left to run by hand: {names}. {matching}"
    verb = "will" if on_start else "may"
    return f"When the application starts it {verb} run {count} on the restored data: {names}. {matching}"


def _told(changes: Sequence[RowChanges]) -> dict[str, Any]:
    return {
        "inserted": sum(change.inserted for change in changes),
        "updated": sum(change.updated for change in changes),
        "deleted": sum(change.deleted for change in changes),
        "by_table": [
            {
                "table": change.table,
                "inserted": change.inserted,
                "updated": change.updated,
                "deleted": change.deleted,
            }
            for change in changes[:_NAMED]
        ],
        "more_tables": max(0, len(changes) - _NAMED),
    }
