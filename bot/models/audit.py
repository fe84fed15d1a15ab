"""Entries of the audit log, questions to it, and what is exported of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.models.operations import Actor

_SAID = ("reason", "comment", "failure", "summary")


@dataclass(frozen=True)
class AuditEntry:
    """One link of the hash chain."""

    position: int
    at: datetime
    actor: Actor
    action: str
    target: str | None
    operation_id: str | None
    plan_hash: str | None
    result: str
    detail: Mapping[str, Any]
    previous_hash: str
    hash: str
    before: Any = None
    """the state that was changed, and what it is since; None where the entry is of no change"""
    after: Any = None
    correlation_id: str | None = None
    """what the program's log has too: the reference of Slack's payload, else the operation's id"""

    @property
    def backup_id(self) -> str:
        """The backup that it is about; empty where it is of none."""
        return str(self.detail.get("backup_id") or "")

    @property
    def reason(self) -> str:
        """Why, in the words of whoever did it, or what failed or was found; empty where nothing was said."""
        said = (self.detail.get(key) for key in _SAID)
        return next((words for words in said if words and isinstance(words, str)), "")


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are wanted; what is None does not matter."""

    target: str | None = None
    actor: str | None = None
    """an id, a login at the shell, or a part of a name as it was shown; upper and lower case are the same"""
    action: str | None = None
    """the beginning of an action or of its second half: `restore`, `restore.approved`, `approved`"""
    since: datetime | None = None
    until: datetime | None = None
    """earlier than this"""
    before: int | None = None
    """at positions lower than this"""


@dataclass(frozen=True)
class AuditHead:
    """The newest entry at one moment, as it was exported: whoever cuts or rewrites the log later cannot match it."""

    day: str
    """in UTC, such as `2026-11-22`; also the object's name"""
    position: int
    hash: str
    at: datetime


@dataclass(frozen=True)
class AuditExport:
    """The last export for a target."""

    target: str
    storage: str
    """the target's first, then"""
    ran_at: datetime
    head: AuditHead | None
    """the last that was written there, or was found there"""
    problem: str = ""
    """why there is none of this run, or what the storage's heads prove against the log"""
