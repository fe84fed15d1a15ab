"""The daily report, as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.models.checks import Alert, Check, CheckState, Window
from bot.models.operations import Actor, OperationKind, OperationState
from bot.models.upkeep import Pause, ScheduleName


@dataclass(frozen=True)
class ReportedBackup:
    id: str
    taken_at: datetime
    verified: bool


@dataclass(frozen=True)
class ReportedDrill:
    """The last that has ended."""

    operation_id: str
    ended_at: datetime
    passed: bool


@dataclass(frozen=True)
class Tally:
    """What happened since the report before."""

    taken: int
    """backups that were asked for or scheduled"""
    failed: int
    removed: int
    """by retention"""


@dataclass(frozen=True)
class Following:
    """The next fire of a schedule."""

    schedule: ScheduleName
    at: datetime


@dataclass(frozen=True)
class Unsigned:
    """An operation done at the shell without approval, which nobody has signed off."""

    operation_id: str
    kind: OperationKind
    target: str
    state: OperationState
    done_by: Actor
    reason: str
    at: datetime


@dataclass(frozen=True)
class TargetReport:
    """One target. What is not well is among the alerts, findings and pauses, each once."""

    target: str
    verdict: CheckState
    newest: ReportedBackup | None
    rpo_seconds: float
    drill: ReportedDrill | None
    tally: Tally
    alerts: tuple[Alert, ...]
    """open ones"""
    findings: tuple[Check, ...]
    """checks that did not pass and have no alert"""
    pauses: tuple[Pause, ...]
    windows: tuple[Window, ...]
    """open ones and those to come"""
    following: tuple[Following, ...]


@dataclass(frozen=True)
class Report:
    """All targets, those that need a person first."""

    made_at: datetime
    since: datetime
    """the report before, or a day earlier"""
    verdict: CheckState
    targets: tuple[TargetReport, ...]
    findings: tuple[Check, ...]
    """of Baseliner itself"""
    unsigned: tuple[Unsigned, ...]
