"""The daily report: made once a day, whoever leads then, and shown to whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.models import (
    Check,
    Checklist,
    CheckState,
    Following,
    Operation,
    Report,
    ScheduleStatus,
    SubjectKind,
    Unsigned,
)
from bot.operations.context import Context
from bot.operations.firing import Schedules
from bot.operations.health import SILENCE, Health
from bot.operations.report_checks import TargetFacts, judge_audit, judge_target, severity, worst
from bot.store import (
    audit,
    audit_exports,
    backups,
    messages,
    observations,
    operations,
    reports,
    schedules,
    sign_offs,
    windows,
)
from bot.store.database import Connection

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Seen:
    """What is read before the transaction, and from when on is counted."""

    swept: dict[str, Checklist]
    schedules: list[ScheduleStatus]
    since: datetime
    now: datetime


class Reports:
    def __init__(self, context: Context, health: Health, schedules: Schedules) -> None:
        self._context = context
        self._health = health
        self._schedules = schedules

    def advance(self) -> bool:
        """Post today's report when it is due and nobody has; False when there was nothing to post.

        One that was missed is made up for the same day. The first time that this is asked, the count begins: a new
        installation posts its first report when the next is due.
        """
        settings, now = self._context.settings.report, self._context.now()
        if not settings.enabled:
            return False
        due = settings.last_due(now)
        day = due.date()
        with self._context.database.transaction() as connection:
            last = reports.last(connection)
            if last is None:
                reports.insert(connection, day, now, None)
        if last is None or last.day >= day or now.astimezone(due.tzinfo).date() != day:
            return False
        return self._post(day, self.now())

    def informed(self) -> bool:
        """Whether every target was swept lately."""
        return not any(check.name == SILENCE for swept in self._health.latest() for check in swept.checks)

    def now(self) -> Report:
        """As things are now, since the last that was posted. Reads the state database alone."""
        swept = {checklist.target: checklist for checklist in self._health.latest()}
        fires, now = self._schedules.statuses(), self._context.now()
        with self._context.database.transaction() as connection:
            last = reports.last(connection)
            seen = _Seen(swept, fires, last.at if last is not None else now - _DAY, now)
            names = self._context.settings.targets
            targets = [judge_target(self._facts(connection, name, seen), now) for name in names]
            findings = self._own_checks(connection, now)
            unsigned = tuple(_unsigned(operation) for operation in sign_offs.unsigned(connection))
        states = [*(target.verdict for target in targets), *(check.state for check in findings)]
        return Report(
            made_at=now,
            since=seen.since,
            verdict=worst([*states, CheckState.WARNING] if unsigned else states),
            targets=tuple(sorted(targets, key=severity)),
            findings=tuple(findings),
            unsigned=unsigned,
        )

    def _post(self, day: date, report: Report) -> bool:
        """The day's row decides who is the one."""
        place = self._context.settings.slack.channels.operations
        with self._context.database.transaction() as connection:
            if not reports.insert(connection, day, report.made_at, report):
                return False
            messages.want(connection, SubjectKind.REPORT, day.isoformat(), place, report.made_at)
        return True

    def _facts(self, connection: Connection, name: str, seen: _Seen) -> TargetFacts:
        newest = backups.newest_first(connection, name, 1)
        following = [
            Following(status.name, status.next_fires[0])
            for status in seen.schedules
            if status.target == name and status.next_fires
        ]
        return TargetFacts(
            target=name,
            newest=newest[0] if newest else None,
            rpo=self._context.target(name).rpo,
            drill=operations.last_drill(connection, name),
            swept=seen.swept[name],
            tally=reports.tally(connection, name, seen.since, seen.now),
            alerts=tuple(observations.open_alerts(connection, name)),
            pauses=tuple(schedules.pauses(connection, name)),
            windows=tuple(windows.to_come(connection, name)),
            following=tuple(following),
        )

    def _own_checks(self, connection: Connection, now: datetime) -> list[Check]:
        last = audit_exports.last(connection)
        exports = {name: last.get(name) for name in self._context.settings.targets}
        return judge_audit(audit.verify(connection), exports, now)


def _unsigned(operation: Operation) -> Unsigned:
    return Unsigned(
        operation_id=operation.id,
        kind=operation.kind,
        target=operation.target,
        state=operation.state,
        done_by=operation.requester,
        reason=operation.reason,
        at=operation.started_at or operation.created_at,
    )
