"""Copies of backups in a target's other storages. One that fails is a warning, never a lost backup."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.errors import BaselinerError, DamagedBackup, StorageFailed
from bot.models import Backup, Check, CheckState, Operation
from bot.operations.context import Context
from bot.operations.storages import copies_of, primary_of
from bot.runtime.stop import StopSignal
from bot.storage import Storage
from bot.storage.copy import copy_backup
from bot.store import backups

COPY_STEP = ("copy", "Copy to the other storages")
_LOOK_BACK = 10
_CHECK = ("backup_copies", "Backups are copied to the other storages")


def copy_to_others(context: Context, target: str, stop: StopSignal) -> list[dict[str, Any]]:
    """Copy what the other storages lack of the newest backups, so that one which failed is made up for by the next.

    Safety backups come along so, since a restore does not wait for copies. Returns for each storage its name, how
    many were copied and the error, if any. Raises Interrupted.
    """
    with context.database.transaction() as connection:
        newest = backups.newest_first(connection, target, _LOOK_BACK)
    there = context.target(target).storage[0]
    wanted = [backup for backup in newest if backup.storage == there]
    primary = primary_of(context, target)
    return [
        {"storage": name, **_copy_missing(primary, storage, wanted, stop)}
        for name, storage in copies_of(context, target).items()
    ]


def _copy_missing(primary: Storage, copy: Storage, wanted: list[Backup], stop: StopSignal) -> dict[str, Any]:
    copied = 0
    try:
        present = set(copy.list_backups(wanted[0].target)) if wanted else set()
        for backup in wanted:
            if backup.id not in present:
                _copy(primary, copy, backup, stop)
                copied += 1
    except (StorageFailed, DamagedBackup) as error:
        return {"copied": copied, "error": str(error)}
    return {"copied": copied, "error": None}


def _copy(primary: Storage, copy: Storage, backup: Backup, stop: StopSignal) -> None:
    try:
        copy_backup(primary, copy, backup, stop=stop)
    except BaseException:
        with suppress(BaselinerError):
            copy.discard(backup.target, backup.id)
        raise


def said_of(copies: list[dict[str, Any]]) -> str:
    """In a line, for the step."""
    return "; ".join(f"{item['storage']}: {item['error'] or 'done'}" for item in copies)


def judge_copies(last: Operation | None) -> Check:
    """`last` backup that is done."""
    name, title = _CHECK
    copies: list[Mapping[str, Any]] = last.result.get("copies", []) if last else []
    failed = [f"{item['storage']}: {item['error']}" for item in copies if item["error"]]
    if failed:
        return Check(
            name, title, CheckState.WARNING, f"the last copy failed; {'; '.join(failed)}",
            "Put that storage right; the next backup makes up for it: /baseliner backup",
        )  # fmt: skip
    if not copies:
        return Check(name, title, CheckState.PASSED, "there is nothing to copy yet")
    return Check(name, title, CheckState.PASSED, f"also in {', '.join(item['storage'] for item in copies)}")
