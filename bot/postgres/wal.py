"""Whether log shipping is healthy, judged from a sample. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.models import Check, CheckState
from bot.postgres.wal_sample import LogShipping, log_shipping

__all__ = ["LogShipping", "judge_log_shipping", "log_shipping"]

_NAME, _TITLE = "log_shipping", "Log shipping"
_GIB = 1 << 30
_ORDER = (CheckState.FAILED, CheckState.UNKNOWN, CheckState.WARNING, CheckState.PASSED)
_Verdict = tuple[CheckState, str, str]


def judge_log_shipping(
    sample: LogShipping,
    now: datetime,
    *,
    ready_deadline: timedelta = timedelta(minutes=5),
    most_lag_bytes: int = _GIB,
    most_retained_bytes: int = 16 * _GIB,
) -> Check:
    """The worst of archiver, replicas and slots, with everything that is wrong in its summary.

    A segment may wait `ready_deadline` for the archiver. Positions are compared, not the time of the last success: that
    one ages for ever on an idle server. What statistics cannot show is whether the archive holds the files.
    """
    verdicts = [
        _archiver(sample, now, ready_deadline),
        *_replicas(sample, most_lag_bytes),
        *_slots(sample, most_retained_bytes),
    ]
    state = min((verdict[0] for verdict in verdicts), key=_ORDER.index)
    telling = [verdict for verdict in verdicts if verdict[0] is not CheckState.PASSED] or verdicts
    telling.sort(key=lambda verdict: _ORDER.index(verdict[0]))
    return Check(
        _NAME, _TITLE, state, "; ".join(summary for _, summary, _ in telling), next((r for *_, r in telling if r), "")
    )


def _archiver(sample: LogShipping, now: datetime, deadline: timedelta) -> _Verdict:
    return _setup(sample) or _backlog(sample, now, deadline)


def _setup(sample: LogShipping) -> _Verdict | None:
    if sample.archive_mode == "off":
        return (
            CheckState.FAILED,
            "archive_mode is off: no log is shipped",
            "Set archive_mode = on and restart the server.",
        )
    if sample.in_recovery and sample.archive_mode != "always":
        return (
            CheckState.UNKNOWN,
            "this is a standby: its primary ships the logs",
            "Point the target's DSN at the primary.",
        )
    if not sample.archive_command_set:
        return (
            CheckState.FAILED,
            "archive_mode is on, but no archive_command is set",
            "Set archive_command, then reload.",
        )
    if sample.archive_command_discards:
        return (
            CheckState.FAILED,
            "archive_command throws every segment away",
            "Set an archive_command that copies the file.",
        )
    return None


def _backlog(sample: LogShipping, now: datetime, deadline: timedelta) -> _Verdict:
    read_log = "Read the server's log for what archive_command said, mend it; PostgreSQL tries again by itself."
    if _failing(sample):
        return CheckState.FAILED, f"archiving {sample.last_failed_wal} fails ({sample.failed_count} times)", read_log
    waiting = sample.unarchived_segments if sample.ready_files is None else sample.ready_files
    if sample.oldest_ready_at is not None and now - sample.oldest_ready_at > deadline:
        minutes = int((now - sample.oldest_ready_at).total_seconds() // 60)
        return CheckState.FAILED, f"{waiting} segments wait for the archiver, the oldest for {minutes} min", read_log
    if waiting is None or (waiting and sample.ready_files is None):
        return (
            CheckState.UNKNOWN,
            "whether segments wait for the archiver cannot be read",
            "Grant the role pg_monitor: GRANT pg_monitor TO ….",
        )
    if sample.last_archived_wal is None:
        return CheckState.WARNING, "nothing was archived yet", "Prove it once: SELECT pg_switch_wal(), then look again."
    backlog = f", {waiting} on their way" if waiting else ""
    return CheckState.PASSED, f"archived up to {sample.last_archived_wal}{backlog}", ""


def _failing(sample: LogShipping) -> bool:
    """The last attempt failed: a failure that a later success mended is history."""
    if sample.last_failed_at is None:
        return False
    return sample.last_archived_at is None or sample.last_failed_at > sample.last_archived_at


def _replicas(sample: LogShipping, most: int) -> Iterator[_Verdict]:
    for replica in sample.replicas:
        name = f"replica {replica.name or replica.address}"
        if replica.state != "streaming":
            yield CheckState.WARNING, f"{name} is in state {replica.state}", "Look at the replica's log."
        elif replica.replay_lag_bytes is None:
            yield CheckState.UNKNOWN, f"the lag of {name} cannot be read", "Grant the role pg_monitor."
        elif replica.replay_lag_bytes > most:
            behind = f"{name} is {replica.replay_lag_bytes:,} bytes behind"
            yield CheckState.WARNING, behind, "Look at the replica's load and network."


def _slots(sample: LogShipping, most: int) -> Iterator[_Verdict]:
    for slot in sample.slots:
        if slot.wal_status == "lost":
            yield CheckState.FAILED, f"slot {slot.name} has lost its WAL", "Build its replica anew, then drop the slot."
        elif slot.wal_status == "unreserved":
            yield CheckState.WARNING, f"slot {slot.name} is about to lose its WAL", "Let its replica catch up now."
        elif not slot.active and (slot.retained_bytes or 0) > most:
            kept = f"inactive slot {slot.name} keeps {slot.retained_bytes:,} bytes of WAL"
            yield CheckState.WARNING, kept, "Start its replica, or drop the slot before the disk is full."
