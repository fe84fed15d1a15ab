"""What the next prune would remove and why, told before anything goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.models import BackupKind, Prune
from bot.operations.context import Context
from bot.operations.schedules import next_fire
from bot.outlook import Outlook, outlooks
from bot.retention import Candidate, Judgement, judge
from bot.settings import Retention, TargetSettings
from bot.store import backups, prunes
from bot.store.backups import Listed


@dataclass(frozen=True)
class Forecast:
    """One backup, whether it stays and why, and for how long."""

    judgement: Judgement
    outlook: Outlook


@dataclass(frozen=True)
class Preview:
    """A target's backups under its rules, newest first. Without a policy everything stays."""

    target: str
    policy: Retention | None
    forecasts: Sequence[Forecast]
    last: Prune | None

    @property
    def going(self) -> list[Judgement]:
        return [forecast.judgement for forecast in self.forecasts if not forecast.judgement.keep]


class Retentions:
    def __init__(self, context: Context) -> None:
        self._context = context

    def preview(self, target: str) -> Preview:
        """By the catalog alone; storage is looked at when a prune runs. Raises NotFound."""
        settings = self._context.target(target)
        now = self._context.now()
        with self._context.database.transaction() as connection:
            listed = backups.listed(connection, target)
            last = prunes.last(connection, target)
        if settings.retention is None:
            return Preview(target, None, (), last)
        judged = judge_listed(listed, settings, now)
        ends = outlooks(
            judged, settings.retention, lambda after: next_fire(settings, after), now, ZoneInfo(settings.timezone)
        )
        found = [Forecast(judgement, end) for judgement, end in zip(judged, ends, strict=True)]
        return Preview(target, settings.retention, found, last)


def judge_listed(listed: Sequence[Listed], settings: TargetSettings, now: datetime) -> list[Judgement]:
    """Under the target's rules, which must be there."""
    if settings.retention is None:
        raise AssertionError("without rules nothing is judged")
    policy = settings.retention
    candidates = [_candidate(entry, policy) for entry in listed]
    return judge(candidates, policy, now, ZoneInfo(settings.timezone))


def _candidate(entry: Listed, policy: Retention) -> Candidate:
    is_safety = entry.kind is BackupKind.SAFETY
    return Candidate(
        id=entry.id,
        taken_at=entry.taken_at,
        verified=entry.verified,
        pinned=entry.pinned,
        needed_by=entry.needed_by,
        safe_until=entry.taken_at + policy.keep_safety_for if is_safety else None,
        protects=entry.protects,
    )
