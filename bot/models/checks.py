"""Checks, windows, alerts, and a target at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.models.backups import Backup
from bot.models.operations import Actor, Operation
from bot.models.upkeep import Pause


class CheckState(StrEnum):
    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def blocks(self) -> bool:
        """Unknown is never green: it blocks like a failure."""
        return self in (CheckState.FAILED, CheckState.UNKNOWN)


@dataclass(frozen=True)
class Check:
    """One line of a checklist."""

    name: str
    """machine name, such as `backup_age`; also the alert's condition"""
    title: str
    state: CheckState
    summary: str
    remedy: str = ""


@dataclass(frozen=True)
class Checklist:
    """The checks of one target and their verdict."""

    target: str
    checked_at: datetime
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> CheckState:
        order = [CheckState.FAILED, CheckState.UNKNOWN, CheckState.WARNING]
        states = {check.state for check in self.checks}
        if not states:
            return CheckState.UNKNOWN
        return next((state for state in order if state in states), CheckState.PASSED)


class WindowState(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Window:
    """A maintenance window."""

    id: str
    target: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    state: WindowState
    announced_by: Actor
    version: int
    channel: str | None = None


class AlertState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Alert:
    """A condition of a target that opened and will close."""

    id: int
    target: str
    condition: str
    title: str
    summary: str
    remedy: str
    severity: CheckState
    state: AlertState
    opened_at: datetime
    resolved_at: datetime | None
    version: int


@dataclass(frozen=True)
class WindowRequest:
    target: str
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True)
class TargetStatus:
    """A target at a glance."""

    name: str
    database: str
    newest_backup: Backup | None
    rpo_seconds: float
    running: Operation | None
    recent: tuple[Operation, ...]
    open_alerts: tuple[Alert, ...]
    windows: tuple[Window, ...]
    next_backup_at: datetime | None
    """None without a schedule, and while it is paused"""
    pauses: tuple[Pause, ...] = ()
