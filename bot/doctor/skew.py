"""Another host's clock against ours. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.doctor.examination import Line
from bot.models import Check

_NOTED, _WRONG = timedelta(seconds=10), timedelta(minutes=2)
_SYNCHRONISE = "Synchronise both clocks: timedatectl set-ntp true, or chrony."


def judge_skew(line: Line, before: datetime, theirs: datetime | None, after: datetime) -> Check:
    """`theirs` was read between `before` and `after`, which are ours; S3 tells whole seconds."""
    if theirs is None:
        return line.unknown("it told no time", _SYNCHRONISE)
    ahead = theirs - after
    behind = before - (theirs + timedelta(seconds=1))
    off = max(ahead, behind, timedelta())
    if off < _NOTED:
        return line.passed("the same as here, to seconds")
    said = f"{off.total_seconds():.0f} s {'ahead of' if ahead > behind else 'behind'} this host's"
    judged = line.failed if off >= _WRONG else line.warning
    return judged(f"{said}: ages of backups and schedules are wrong by so much", _SYNCHRONISE)
