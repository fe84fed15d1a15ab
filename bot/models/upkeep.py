"""Pins, prunes, schedules and their pauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.models.operations import Actor


@dataclass(frozen=True)
class Pin:
    """A person's word that a backup stays until they say otherwise."""

    backup_id: str
    reason: str
    pinned_by: Actor
    pinned_at: datetime


@dataclass(frozen=True)
class Prune:
    """What came of the last run of retention. With a problem it stopped there, and the next run goes on."""

    target: str
    ran_at: datetime
    removed: int
    missing: tuple[str, ...] = ()
    """backups that the catalog has and storage lacks; they are told, not pruned"""
    problem: str = ""


class ScheduleName(StrEnum):
    BACKUP = "backup"
    DRILL = "drill"


@dataclass(frozen=True)
class Pause:
    """A schedule that a person has stopped until somebody resumes it."""

    target: str
    schedule: ScheduleName
    reason: str
    paused_by: Actor
    paused_at: datetime


@dataclass(frozen=True)
class ScheduleStatus:
    """One schedule of a target, and when it fires next."""

    target: str
    name: ScheduleName
    cron: str
    timezone: str
    next_fires: tuple[datetime, ...]
    """nominal times, before jitter; empty while it is paused"""
    jitter_seconds: float
    pause: Pause | None
    held: datetime | None
    """the fire that waits for the end of a maintenance window"""
