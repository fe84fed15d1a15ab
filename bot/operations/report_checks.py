"""What a daily report says of a target, judged. Pure: facts in, lines out; what is not known is never well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.models import (
    Alert,
    AuditExport,
    Backup,
    Check,
    Checklist,
    CheckState,
    Following,
    Operation,
    OperationState,
    Pause,
    ReportedBackup,
    ReportedDrill,
    ScheduleName,
    Tally,
    TargetReport,
    Window,
)
from bot.operations.checklists import judge_backup_age, judge_drill
from bot.store.audit import AuditVerdict

_EXPORT_LATE = timedelta(hours=36)
"""They are made once a day, and tried again every hour where that fails."""
_WORST_FIRST = (CheckState.FAILED, CheckState.UNKNOWN, CheckState.WARNING, CheckState.PASSED)


@dataclass(frozen=True)
class TargetFacts:
    """`swept` is the last sweep, or what stands for it where that is missing or old."""

    target: str
    newest: Backup | None
    rpo: timedelta
    drill: Operation | None
    swept: Checklist
    tally: Tally
    alerts: tuple[Alert, ...]
    pauses: tuple[Pause, ...]
    windows: tuple[Window, ...]
    following: tuple[Following, ...]


def judge_target(facts: TargetFacts, now: datetime) -> TargetReport:
    """What an alert or a pause tells already is no finding once more."""
    own = [judge_backup_age(facts.newest, facts.rpo, now), _proof(facts.drill), _failures(facts.tally)]
    named = {check.name for check in own}
    told = {alert.condition for alert in facts.alerts}
    if any(pause.schedule is ScheduleName.BACKUP for pause in facts.pauses):
        told.add("backup_schedule")
    checks = [*own, *(check for check in facts.swept.checks if check.name not in named)]
    findings = [check for check in checks if check.state is not CheckState.PASSED and check.name not in told]
    findings.sort(key=lambda check: _WORST_FIRST.index(check.state))
    paused = [CheckState.WARNING] * bool(facts.pauses)
    states = [*(check.state for check in findings), *(alert.severity for alert in facts.alerts), *paused]
    return TargetReport(
        target=facts.target,
        verdict=worst(states),
        newest=_backup(facts.newest),
        rpo_seconds=facts.rpo.total_seconds(),
        drill=_drill(facts.drill),
        tally=facts.tally,
        alerts=facts.alerts,
        findings=tuple(findings),
        pauses=facts.pauses,
        windows=tuple(window for window in facts.windows if window.ends_at > now),
        following=tuple(sorted(facts.following, key=lambda each: each.at)),
    )


def judge_audit(chain: AuditVerdict, exports: Mapping[str, AuditExport | None], now: datetime) -> list[Check]:
    """The audit log: whether its chain holds, and whether its head is exported for each target."""
    name, title = "audit", "The audit log is whole"
    remedy = "See what it says, and who can write to the state database: baseliner audit verify"
    if not chain.intact:
        said = f"its chain is broken at entry {chain.first_broken}: it {chain.problem}"
        return [Check(name, title, CheckState.FAILED, said, remedy)]
    found = []
    for target, export in exports.items():
        if export is not None and export.problem:
            said = f"its head was not exported for {target}: {export.problem}"
            found.append(Check(name, title, CheckState.FAILED, said, f"It is tried again every hour. {remedy}"))
        elif export is None or now - export.ran_at > _EXPORT_LATE:
            since = f"since {export.ran_at:%Y-%m-%d %H:%M} UTC" if export else "yet"
            said = f"its head was not exported for {target} {since}"
            remedy_here = "Does a worker of the target's queue run?"
            found.append(Check(name, title, CheckState.UNKNOWN, said, remedy_here))
    return found


def worst(states: Iterable[CheckState]) -> CheckState:
    """The worst of them; passed when there are none."""
    return min(states, key=_WORST_FIRST.index, default=CheckState.PASSED)


def severity(report: TargetReport) -> int:
    """For sorting: those that need a person first."""
    return _WORST_FIRST.index(report.verdict)


def _proof(drill: Operation | None) -> Check:
    if drill is not None:
        return judge_drill(drill)
    said = "no drill has ever restored one, so none is known to come back"
    return Check("drill", "Backups come back", CheckState.WARNING, said, "Prove the newest: /baseliner drill")


def _failures(tally: Tally) -> Check:
    name, title = "backups_failed", "Backups end well"
    if not tally.failed:
        return Check(name, title, CheckState.PASSED, "none failed")
    said = f"{tally.failed} failed since the report before"
    return Check(name, title, CheckState.WARNING, said, "Each has its message, with the reason: /baseliner status")


def _backup(newest: Backup | None) -> ReportedBackup | None:
    return ReportedBackup(newest.id, newest.taken_at, newest.verified_at is not None) if newest else None


def _drill(drill: Operation | None) -> ReportedDrill | None:
    if drill is None:
        return None
    return ReportedDrill(drill.id, drill.finished_at or drill.created_at, drill.state is OperationState.DONE)
