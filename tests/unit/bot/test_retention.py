"""What retention keeps: by table, and whatever the backups and the rules are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.cron import cron_trigger
from bot.outlook import outlooks
from bot.retention import COUNTED, Candidate, Judgement, Rule, count_of, judge
from bot.settings import Retention

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

counts = st.none() | st.integers(1, 4)
policies = st.builds(
    Retention.model_construct,
    last=counts,
    hourly=counts,
    daily=counts,
    weekly=counts,
    monthly=counts,
    yearly=counts,
    min_verified=st.integers(1, 4),
    keep_safety_for=st.just(timedelta(days=7)),
)
zones = st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")])
moments = st.one_of(
    st.integers(-600, 3 * 366 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.integers(-5, 90).map(lambda minutes: NOW - timedelta(minutes=minutes)),
)
candidates = st.builds(
    Candidate,
    id=st.just(""),
    taken_at=moments,
    verified=st.booleans(),
    pinned=st.sampled_from(["", "", "", "before the move"]),
    needed_by=st.sampled_from(["", "", "", "a restore"]),
    safe_until=st.none() | moments,
    protects=st.sampled_from(["", "", "", "inventory_old"]),
)
catalogs = st.lists(candidates, max_size=20).map(
    lambda found: [replace(each, id=f"{number:03}") for number, each in enumerate(found)]
)


def policy(**rules: int) -> Retention:
    return Retention.model_validate(rules)


def plain(*ages: timedelta) -> list[Candidate]:
    return [Candidate(f"{number:03}", NOW - age) for number, age in enumerate(ages)]


def kept(judged: Sequence[Judgement]) -> list[Candidate]:
    return [each.candidate for each in judged if each.keep]


def kept_ids(found: Sequence[Candidate], rules: Retention, zone: tzinfo = UTC) -> list[str]:
    return [each.id for each in kept(judge(found, rules, NOW, zone))]


def hours(*ages: float) -> list[Candidate]:
    return plain(*(timedelta(hours=age) for age in ages))


@pytest.mark.parametrize(
    ("rules", "ages", "stay"),
    [
        ({"last": 2}, (1, 2, 3, 4), ["000", "001"]),
        ({"last": 9}, (1, 2, 3, 4), ["000", "001", "002", "003"]),
        ({"hourly": 2}, (0.1, 0.2, 1.1, 1.2, 5.1), ["000", "002"]),
        ({"daily": 3}, (1, 2, 25, 26, 49, 50, 73), ["000", "002", "004"]),
        ({"daily": 2}, (1, 1000, 1001, 2000), ["000", "001"]),
        ({"weekly": 2}, (1, 24 * 6 + 5, 24 * 7, 24 * 20), ["000", "002"]),
        ({"monthly": 2}, (1, 24 * 21, 24 * 23, 24 * 60), ["000", "002"]),
        ({"yearly": 2}, (1, 24 * 300, 24 * 330, 24 * 700), ["000", "002"]),
        ({"last": 1, "daily": 2}, (1, 2, 25, 49), ["000", "002"]),
    ],
)
def test_each_rule_keeps_the_newest_of_its_periods(
    rules: dict[str, int], ages: tuple[float, ...], stay: list[str]
) -> None:
    assert kept_ids(hours(*ages), policy(**rules)) == stay


def test_a_day_is_one_of_the_targets_zone() -> None:
    either_side = hours(10.5, 11.5)
    # 23:45 and 22:45 in UTC: in Berlin the first is of the next day.
    assert kept_ids(either_side, policy(daily=5)) == ["000"]
    assert kept_ids(either_side, policy(daily=5), BERLIN) == ["000", "001"]


def test_an_autumn_hour_that_comes_twice_is_two() -> None:
    # 25 October 2026: 03:00 becomes 02:00.
    twice = [Candidate(f"{hour}", datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)]
    assert kept_ids(twice, policy(hourly=5), BERLIN) == ["1", "0"]


def test_reasons_are_told_and_so_is_why_one_goes() -> None:
    judged = judge(
        [
            Candidate("new", NOW),
            Candidate("proved", NOW - timedelta(days=1), verified=True),
            Candidate("kept", NOW - timedelta(days=2), pinned="audit of 2026"),
            Candidate("old", NOW - timedelta(days=3)),
        ],
        policy(last=1, daily=1),
        NOW,
        UTC,
    )
    assert {each.candidate.id: each.words for each in judged} == {
        "new": "the newest, last 1 of 1, daily 1 of 1",
        "proved": "verified 1 of 1",
        "kept": "pinned: audit of 2026",
        "old": "no rule keeps it (last 1, daily 1)",
    }


def test_a_safety_backup_stays_while_its_database_is_there_and_for_its_time() -> None:
    def stays(**facts: object) -> bool:
        safety = replace(Candidate("safety", NOW - timedelta(days=9)), **facts)  # type: ignore[arg-type]
        return "safety" in kept_ids([Candidate("new", NOW), safety], policy(last=1))

    assert not stays()
    assert stays(protects="inventory_old", safe_until=NOW - timedelta(days=2))
    assert stays(safe_until=NOW + timedelta(seconds=1))
    assert not stays(safe_until=NOW)


def test_a_backup_from_the_future_is_kept_and_counts_for_nothing() -> None:
    found = [Candidate("future", NOW + timedelta(hours=1), verified=True), *hours(1, 2)]
    assert kept_ids(found, policy(last=1)) == ["future", "000"]


@given(catalogs, policies, zones)
def test_what_must_stay_stays(found: list[Candidate], rules: Retention, zone: tzinfo) -> None:
    stay = {each.id for each in kept(judge(found, rules, NOW, zone))}
    past = sorted((each for each in found if each.taken_at <= NOW), key=lambda each: (each.taken_at, each.id))
    verified = [each.id for each in past if each.verified]
    assert {each.id for each in past[-1:]} <= stay, "the newest"
    assert set(verified[-rules.min_verified :]) <= stay, "the newest verified, and so many as are asked for"
    for each in found:
        if each.pinned or each.needed_by or each.protects or each.taken_at > NOW:
            assert each.id in stay


@given(catalogs, policies, zones, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_listed_is_nothing(
    found: list[Candidate], rules: Retention, zone: tzinfo, chance: object
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(shuffled, rules, NOW, zone) == judge(found, rules, NOW, zone)


@given(catalogs, policies, zones)
def test_running_it_again_removes_nothing_more(found: list[Candidate], rules: Retention, zone: tzinfo) -> None:
    stay = kept(judge(found, rules, NOW, zone))
    assert kept(judge(stay, rules, NOW, zone)) == stay


@given(catalogs, policies, zones, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_time_alone_removes_nothing_that_a_rule_keeps(
    found: list[Candidate], rules: Retention, zone: tzinfo, passed: timedelta
) -> None:
    past = [replace(each, safe_until=None) for each in found if each.taken_at <= NOW]
    before = kept(judge(past, rules, NOW, zone))
    assert kept(judge(past, rules, NOW + passed, zone)) == before


@given(catalogs, policies, zones, st.data())
def test_one_that_is_not_there_never_costs_another_its_place(
    found: list[Candidate], rules: Retention, zone: tzinfo, data: st.DataObject
) -> None:
    assume(found)
    gone = data.draw(st.sampled_from(found))
    fewer = [each for each in found if each.id != gone.id]
    stay = set(kept_ids(found, rules, zone)) - {gone.id}
    assert stay <= set(kept_ids(fewer, rules, zone))


@given(catalogs, policies, zones)
def test_each_count_is_kept(found: list[Candidate], rules: Retention, zone: tzinfo) -> None:
    judged = judge(found, rules, NOW, zone)
    for rule in COUNTED:
        places = [reason.place for each in judged for reason in each.reasons if reason.rule is rule]
        assert places == list(range(1, len(places) + 1))
        assert len(places) <= count_of(rules, rule)


# How long they will stay.


def simulated(found: Sequence[Candidate], rules: Retention, cron: str, zone: tzinfo) -> dict[str, datetime | None]:
    """When each backup goes if the schedule goes on, by letting it go on."""
    trigger, alive, at = cron_trigger(cron, zone), list(found), NOW
    gone: dict[str, datetime | None] = {each.id: None for each in found}
    for number in range(1000):
        if None not in [gone[each.id] for each in found]:
            break
        at = trigger.get_next_fire_time(None, at.astimezone(UTC) + timedelta(microseconds=1))
        judged = judge([*alive, Candidate(f"new{number:04}", at)], rules, at, zone)
        alive = kept(judged)
        gone |= {each.candidate.id: at for each in judged if not each.keep}
    return {backup_id: when for backup_id, when in gone.items() if not backup_id.startswith("new")}


@pytest.mark.parametrize(("cron", "zone"), [("0 2 * * *", BERLIN), ("*/40 * * * *", BERLIN), ("15 3 * * 0", UTC)])
@pytest.mark.parametrize(
    "rules", [{"last": 3}, {"hourly": 5}, {"daily": 4}, {"weekly": 2}, {"last": 2, "daily": 3, "weekly": 2}]
)
def test_the_outlook_is_what_a_simulation_finds(cron: str, zone: tzinfo, rules: dict[str, int]) -> None:
    asked = policy(**rules)
    found = hours(0.1, 0.4, 3, 9, 12, 26, 30, 55, 80, 170, 200, 400)
    judged = judge(found, asked, NOW, zone)
    trigger = cron_trigger(cron, zone)

    def next_fire(after: datetime) -> datetime | None:
        fire: datetime | None = trigger.get_next_fire_time(None, after.astimezone(UTC) + timedelta(microseconds=1))
        return fire

    told = outlooks(judged, asked, next_fire, NOW, zone)
    ends = simulated(kept(judged), asked, cron, zone)
    for judgement, outlook in zip(judged, told, strict=True):
        if judgement.keep:
            assert outlook.until == ends[judgement.candidate.id], (judgement, outlook)
        else:
            assert outlook.words == "goes at the next prune"


def test_without_a_date_the_outlook_says_on_what_it_depends() -> None:
    found = [
        replace(hours(1)[0], id="a", pinned="for the auditor"),
        Candidate("b", NOW - timedelta(hours=2), verified=True),
        Candidate("c", NOW - timedelta(hours=3)),
    ]
    asked = policy(last=5)
    told = outlooks(judge(found, asked, NOW, UTC), asked, lambda _after: None, NOW, UTC)
    assert [each.until for each in told] == [None, None, None]
    assert [each.words for each in told] == ["pinned: for the auditor", "verified 1 of 1", "last 3 of 5"]


def test_a_yearly_rule_looks_years_ahead_at_once() -> None:
    trigger = cron_trigger("*/5 * * * *")
    asked = policy(yearly=5)
    judged = judge(hours(1), asked, NOW, UTC)

    def next_fire(after: datetime) -> datetime | None:
        fire: datetime | None = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
        return fire

    (told,) = outlooks(judged, asked, next_fire, NOW, UTC)
    assert told.until == NOW.replace(minute=20), "another of this year takes its place"


def test_every_rule_has_a_reason_of_its_own() -> None:
    everything = Retention(last=1, hourly=1, daily=1, weekly=1, monthly=1, yearly=1)
    (only,) = judge([Candidate("x", NOW, True, "p", "a restore", None, "old")], everything, NOW, UTC)
    assert {reason.rule for reason in only.reasons} == set(Rule) - {Rule.FUTURE}


def test_rules_that_would_keep_next_to_nothing_are_refused() -> None:
    for rules in ({}, {"min_verified": 3}, {"keep_safety_for": "9d"}):
        with pytest.raises(ValueError, match="names no rule of what to keep"):
            Retention.model_validate(rules)
    for rules in ({"last": 0}, {"daily": -1}, {"last": 1, "min_verified": 0}):
        with pytest.raises(ValueError, match="greater than or equal to 1"):
            Retention.model_validate(rules)
