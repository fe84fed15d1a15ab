"""What retention keeps and what it removes, and why. Pure: backups, policy and time in, a judgement of each out.

Rules count backups, not days: while no newer backup comes, they remove nothing, however much time passes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from bot.settings import Retention

_Period = Callable[[datetime], Hashable]


class Rule(StrEnum):
    """Why a backup stays."""

    NEWEST = "the newest"
    VERIFIED = "among the newest verified"
    PINNED = "pinned"
    SAFETY = "safety backup"
    NEEDED = "needed"
    FUTURE = "from the future"
    LAST = "last"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


COUNTED = (Rule.LAST, Rule.HOURLY, Rule.DAILY, Rule.WEEKLY, Rule.MONTHLY, Rule.YEARLY)
"""The rules that a policy gives a count."""


@dataclass(frozen=True)
class Candidate:
    """A backup as retention sees it."""

    id: str
    taken_at: datetime
    verified: bool = False
    pinned: str = ""
    """the pin's reason; empty where there is no pin"""
    needed_by: str = ""
    """what waits to restore it, in words; empty where nothing does"""
    safe_until: datetime | None = None
    """of a safety backup: it stays until then"""
    protects: str = ""
    """the database set aside that a safety backup stands for, while that database is there"""


@dataclass(frozen=True)
class Reason:
    """One rule that keeps a backup. `place` is its place among the `of` that the rule keeps, from 1; 0 where the rule
    does not count."""

    rule: Rule
    words: str
    place: int = 0
    of: int = 0


@dataclass(frozen=True)
class Judgement:
    """A backup that stays has reasons, one that goes has none; `words` tell people either way."""

    candidate: Candidate
    reasons: tuple[Reason, ...]
    words: str

    @property
    def keep(self) -> bool:
        return bool(self.reasons)


def judge(candidates: Iterable[Candidate], policy: Retention, now: datetime, zone: tzinfo) -> list[Judgement]:
    """Newest first. Days, weeks and months are those of `zone`. Only backups that exist may be among the candidates."""
    ordered = sorted(candidates, key=lambda each: (each.taken_at, each.id), reverse=True)
    past = [each for each in ordered if each.taken_at <= now]
    counted = _counted(past, policy, zone)
    newest = past[0].id if past else ""
    verified = [each.id for each in past if each.verified][: policy.min_verified]
    judged = []
    for each in ordered:
        own = _own_reasons(each, now)
        if each.id == newest:
            own.append(Reason(Rule.NEWEST, "the newest"))
        if each.id in verified:
            own.append(_place(Rule.VERIFIED, verified.index(each.id) + 1, policy.min_verified))
        reasons = (*own, *counted.get(each.id, ()))
        judged.append(Judgement(each, reasons, _words(reasons, policy)))
    return judged


def count_of(policy: Retention, rule: Rule) -> int:
    """How many the policy lets a counted rule keep; 0 where it does not name the rule."""
    return getattr(policy, rule.name.lower()) or 0


def period_of(rule: Rule, at: datetime, zone: tzinfo) -> Hashable:
    """The hour, day, week, month or year of a moment; every moment is a period of its own for `last`."""
    return _PERIODS[rule](at.astimezone(zone)) if rule in _PERIODS else at


def _counted(past: Sequence[Candidate], policy: Retention, zone: tzinfo) -> dict[str, list[Reason]]:
    kept: dict[str, list[Reason]] = {}
    for rule in COUNTED:
        count = count_of(policy, rule)
        for place, each in enumerate(_newest_of_each(past, rule, zone)[:count], 1):
            kept.setdefault(each.id, []).append(_place(rule, place, count))
    return kept


def _newest_of_each(past: Sequence[Candidate], rule: Rule, zone: tzinfo) -> list[Candidate]:
    """The newest of each period that has one."""
    if rule is Rule.LAST:
        return list(past)
    first: dict[Hashable, Candidate] = {}
    for each in past:
        first.setdefault(period_of(rule, each.taken_at, zone), each)
    return list(first.values())


def _own_reasons(each: Candidate, now: datetime) -> list[Reason]:
    """Those that do not depend on the other backups."""
    reasons = []
    if each.taken_at > now:
        reasons.append(Reason(Rule.FUTURE, "its time is in the future: check the clocks"))
    if each.pinned:
        reasons.append(Reason(Rule.PINNED, f"pinned: {each.pinned}"))
    if each.needed_by:
        reasons.append(Reason(Rule.NEEDED, f"needed by {each.needed_by}"))
    if each.protects:
        reasons.append(Reason(Rule.SAFETY, f"safety backup while {each.protects} is set aside"))
    elif each.safe_until is not None and now < each.safe_until:
        reasons.append(Reason(Rule.SAFETY, "safety backup, still young"))
    return reasons


def _place(rule: Rule, place: int, of: int) -> Reason:
    name = "verified" if rule is Rule.VERIFIED else rule.value
    return Reason(rule, f"{name} {place} of {of}", place, of)


def _words(reasons: Sequence[Reason], policy: Retention) -> str:
    if reasons:
        return ", ".join(reason.words for reason in reasons)
    rules = [f"{rule.value} {count_of(policy, rule)}" for rule in COUNTED if count_of(policy, rule)]
    return f"no rule keeps it ({', '.join(rules)})"


def _hour(at: datetime) -> Hashable:
    # With the offset: an autumn night has two hours of the same name.
    return (at.year, at.month, at.day, at.hour, at.utcoffset())


_PERIODS: Mapping[Rule, _Period] = {
    Rule.HOURLY: _hour,
    Rule.DAILY: lambda at: (at.year, at.month, at.day),
    Rule.WEEKLY: lambda at: at.isocalendar()[:2],
    Rule.MONTHLY: lambda at: (at.year, at.month),
    Rule.YEARLY: lambda at: at.year,
}
