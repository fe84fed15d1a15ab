"""Questions to the audit log, and what is exported of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
