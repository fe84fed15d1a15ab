"""The lines of the checklists, judged. Pure: facts in, checks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.models import Backup, Check, Checklist, CheckState, Operation, OperationState, Window, WindowState
from bot.postgres.revisions import History
from bot.store.observations import checks_from_document, checks_to_document

GRACE = timedelta(minutes=10)
"""A scheduled backup may begin this late before it counts as missed."""
SOON = timedelta(hours=24)


def to_result(checklist: Checklist) -> dict[str, object]:
    return {
        "target": checklist.target,
        "checked_at": checklist.checked_at.isoformat(),
        "verdict": checklist.verdict.value,
        "checks": checks_to_document(checklist),
    }


def checklist_of(operation: Operation) -> Checklist | None:
    """The checklist that a finished preflight carries in its result."""
    document = operation.result.get("checklist")
    if document is None:
        return None
    return Checklist(
        document["target"], datetime.fromisoformat(document["checked_at"]), checks_from_document(document["checks"])
    )


def judge_backup_age(newest: Backup | None, rpo: timedelta, now: datetime) -> Check:
    """The newest backup against the recovery point objective; one from the future proves nothing."""
    name, title = "backup_age", "Newest backup within the RPO"
    if newest is None:
        return Check(name, title, CheckState.FAILED, "there is no backup yet", "Take one now: /baseliner backup")
    age = now - newest.taken_at
    if age < -GRACE:
        return Check(
            name, title, CheckState.UNKNOWN, f"backup {newest.id} claims to be from the future", "Check clocks."
        )
    said = f"{newest.id} is {spoken(age)} old; the RPO is {spoken(rpo)}"
    if age > rpo:
        return Check(name, title, CheckState.FAILED, said, "Take one now: /baseliner backup")
    if age > rpo * 0.8:
        return Check(name, title, CheckState.WARNING, said, "It runs out soon: /baseliner backup")
    return Check(name, title, CheckState.PASSED, said)


def judge_drill(last: Operation | None) -> Check:
    """The last drill that has ended: whether backups are known to come back."""
    name, title = "drill", "Backups come back"
    if last is None:
        return Check(name, title, CheckState.PASSED, "the first drill is still to come")
    if last.state is OperationState.DONE:
        said = f"{last.result.get('backup_id')} was restored and every digest matched ({last.id})"
        return Check(name, title, CheckState.PASSED, said)
    why = last.failure.message if last.failure else "for an unknown reason"
    remedy = "Take a backup and drill it: /baseliner backup, then /baseliner drill. Do not rely on the one that failed."
    return Check(name, title, CheckState.FAILED, f"the last drill failed: {why}", remedy)


@dataclass(frozen=True)
class RevisionFacts:
    """`revision` is the database's; `history` the deployed code's."""

    revision: str | None
    heads: Sequence[str]
    history: History | None


def judge_heads(facts: RevisionFacts) -> Check:
    name, title = "alembic_heads", "The code has one Alembic head"
    if len(facts.heads) == 1:
        return Check(name, title, CheckState.PASSED, f"head {facts.heads[0]}")
    if not facts.heads:
        return Check(name, title, CheckState.FAILED, "the code has no revisions", "Check [targets.….migrations] heads.")
    return Check(
        name,
        title,
        CheckState.FAILED,
        f"heads {', '.join(facts.heads)}",
        "Merge them: alembic merge heads, then deploy.",
    )


def judge_revision(facts: RevisionFacts) -> Check:
    """Where the database stands in the code's history."""
    name, title = "revision", "The database is on the code's history"
    current = facts.revision
    if current is None:
        return Check(
            name, title, CheckState.FAILED, "the database has no Alembic revision", "Is it the right database?"
        )
    pending = pending_revisions(facts)
    if set(current.split(",")) == set(facts.heads):
        return Check(name, title, CheckState.PASSED, f"at the head, {current}; nothing pending")
    if pending is None:
        return Check(
            name, title, CheckState.UNKNOWN, f"at {current}, not the head; pending revisions cannot be named",
            "Set [targets.….migrations] history.",
        )  # fmt: skip
    if facts.history is not None and not facts.history.knows(current.split(",")):
        return Check(
            name, title, CheckState.FAILED, f"revision {current} is not in the code's history",
            "The code is older than the database: deploy the matching version. Downgrades are not offered.",
        )  # fmt: skip
    words = "; ".join(f"{item.id} {item.message}".strip() for item in pending)
    return Check(name, title, CheckState.PASSED, f"at {current}; {len(pending)} pending: {words}")


def pending_revisions(facts: RevisionFacts) -> list[PendingRevision] | None:
    """What `alembic upgrade head` would run, oldest first. None when it cannot be told."""
    if facts.history is None or facts.revision is None:
        return None
    return [PendingRevision(item.id, item.message) for item in facts.history.pending(facts.revision.split(","))]


@dataclass(frozen=True)
class PendingRevision:
    id: str
    message: str


def judge_window(windows: Sequence[Window], pending: int | None, now: datetime) -> Check:
    """A migration wants a window that people have heard of."""
    name, title = "window", "A maintenance window is announced"
    windows = [window for window in windows if window.ends_at > now]  # one that nobody has closed is over all the same
    opened = next((window for window in windows if window.state is WindowState.OPEN), None)
    coming = next((window for window in windows if window.starts_at - now <= SOON), None)
    if opened:
        return Check(name, title, CheckState.PASSED, f"open until {opened.ends_at:%Y-%m-%d %H:%M} UTC ({opened.id})")
    if coming:
        return Check(name, title, CheckState.PASSED, f"starts {coming.starts_at:%Y-%m-%d %H:%M} UTC ({coming.id})")
    if pending == 0:
        return Check(name, title, CheckState.PASSED, "none announced, and nothing to migrate")
    return Check(name, title, CheckState.WARNING, "none announced", "Announce one: /baseliner window")


def unknown(name: str, title: str, error: Exception, remedy: str = "") -> Check:
    """A check that could not run says so, and blocks like a failure."""
    said = str(error).strip().splitlines()
    return Check(
        name, title, CheckState.UNKNOWN, f"could not be checked: {said[0] if said else type(error).__name__}", remedy
    )


def spoken(duration: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = int(duration.total_seconds())
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
