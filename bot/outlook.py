"""How long backups will stay, if the schedule goes on as it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from bot.retention import COUNTED, Candidate, Judgement, Reason, Rule, count_of, period_of
from bot.settings import Retention

NextFire = Callable[[datetime], datetime | None]
"""The first fire of the schedule after a moment; None where nothing fires."""

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Outlook:
    """Until when a backup stays. Without a date, `words` say on what that depends."""

    until: datetime | None
    words: str = ""


def outlooks(
    judged: Sequence[Judgement], policy: Retention, next_fire: NextFire, now: datetime, zone: tzinfo
) -> list[Outlook]:
    """One for each judgement, as if every fire of the schedule made a backup, and no drill proved another."""
    taken = [each.candidate.taken_at for each in judged if each.candidate.taken_at <= now]
    coming = {
        rule: _coming(rule, count_of(policy, rule), taken, next_fire, now, zone)
        for rule in COUNTED
        if count_of(policy, rule)
    }
    return [_outlook(each, coming, next_fire(now), now, zone) for each in judged]


@dataclass(frozen=True)
class _Coming:
    """Backups to come, as one rule counts them."""

    present: object
    """the period that is now"""
    replacing: datetime | None
    """when a newer one of the present period takes the place of one that is there"""
    arrivals: Sequence[datetime]
    """when each further period gets its first"""


def _coming(
    rule: Rule, count: int, taken: Sequence[datetime], next_fire: NextFire, now: datetime, zone: tzinfo
) -> _Coming:
    present = period_of(rule, now, zone)
    occupied = any(period_of(rule, at, zone) == present for at in taken)
    fire, replacing = next_fire(now), None
    if fire is not None and occupied and period_of(rule, fire, zone) == present:
        replacing, fire = fire, _first_beyond(rule, fire, next_fire, zone)
    arrivals: list[datetime] = []
    while fire is not None and len(arrivals) < count:
        arrivals.append(fire)
        fire = _first_beyond(rule, fire, next_fire, zone)
    return _Coming(present, replacing, arrivals)


def _first_beyond(rule: Rule, at: datetime, next_fire: NextFire, zone: tzinfo) -> datetime | None:
    """The first fire in a later period."""
    fire = next_fire(_end(rule, at.astimezone(zone)) - _INSTANT)
    while fire is not None and period_of(rule, fire, zone) == period_of(rule, at, zone):
        fire = next_fire(fire)
    return fire


def _end(rule: Rule, at: datetime) -> datetime:
    """Where the period of a local time ends; where clocks are changed just then, at most a little before that."""
    if rule is Rule.LAST:
        return at.astimezone(UTC) + _INSTANT
    if rule is Rule.HOURLY:
        return at.astimezone(UTC) + timedelta(hours=1, minutes=-at.minute, seconds=-at.second - 1)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if rule is Rule.DAILY:
        return midnight + timedelta(days=1)
    if rule is Rule.WEEKLY:
        return midnight + timedelta(days=8 - at.isoweekday())
    if rule is Rule.MONTHLY:
        return (midnight.replace(day=28) + timedelta(days=4)).replace(day=1)
    return midnight.replace(year=at.year + 1, month=1, day=1)


def _outlook(
    judgement: Judgement, coming: Mapping[Rule, _Coming], first: datetime | None, now: datetime, zone: tzinfo
) -> Outlook:
    if not judgement.keep:
        return Outlook(now, "goes at the next prune")
    ends = [_loss(reason, judgement.candidate, coming, first, zone) for reason in judgement.reasons]
    undated = next((reason for reason, end in zip(judgement.reasons, ends, strict=True) if end is None), None)
    if undated is not None:
        return Outlook(None, undated.words)
    return Outlook(max(end for end in ends if end is not None))


def _loss(
    reason: Reason, candidate: Candidate, coming: Mapping[Rule, _Coming], first: datetime | None, zone: tzinfo
) -> datetime | None:
    """When this reason ends; None where no date can be told."""
    if reason.rule is Rule.NEWEST:
        return first
    if reason.rule is Rule.SAFETY:
        return None if candidate.protects else candidate.safe_until
    if reason.rule not in coming:
        return None
    ahead = coming[reason.rule]
    if ahead.replacing is not None and period_of(reason.rule, candidate.taken_at, zone) == ahead.present:
        return ahead.replacing
    left = reason.of - reason.place
    return ahead.arrivals[left] if left < len(ahead.arrivals) else None
