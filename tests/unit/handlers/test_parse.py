"""What people type is understood, or answered with what would do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NotFound, UsageError
from handlers.parse import (
    Typed,
    WindowWords,
    backup_named,
    is_backup,
    nearest,
    parse,
    parse_window,
    split_only,
    split_origin,
    starts_window,
    take_format,
    take_target,
)

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def window(text: str, zone: ZoneInfo | None = BERLIN) -> WindowWords:
    return parse_window(tuple(text.split()), NOW, zone)


def test_nothing_typed_asks_for_help() -> None:
    assert parse("  ") == Typed("help", ())


def test_the_first_word_is_the_command() -> None:
    assert parse("Backup inventory before  R&amp;D") == Typed("backup", ("inventory", "before", "R&D"))


def test_the_nearest_word() -> None:
    assert nearest("restroe", ["backup", "restore", "status"]) == "restore"
    assert nearest("xyz", ["backup", "restore", "status"]) is None


@pytest.mark.parametrize(
    ("arguments", "targets", "expected"),
    [
        ((), ["inventory"], ("inventory", ())),
        ((), ["billing", "inventory"], (None, ())),
        (("Inventory", "x"), ["billing", "inventory"], ("inventory", ("x",))),
        (("before", "upgrade"), ["inventory"], ("inventory", ("before", "upgrade"))),
    ],
)
def test_a_target_is_taken_or_asked_for(
    arguments: tuple[str, ...], targets: list[str], expected: tuple[str | None, tuple[str, ...]]
) -> None:
    assert take_target(arguments, targets, free_text=True) == expected


@pytest.mark.parametrize("free_text", [True, False])
def test_a_misspelt_target_is_never_a_note(free_text: bool) -> None:
    with pytest.raises(NotFound) as caught:
        take_target(("inventroy",), ["inventory"], free_text=free_text)
    assert "inventroy" in str(caught.value)
    assert "Did you mean inventory?" in caught.value.remedy


def test_an_unknown_target_lists_all() -> None:
    with pytest.raises(NotFound) as caught:
        take_target(("zzz", "note"), ["billing", "inventory"], free_text=True)
    assert caught.value.remedy == "Targets: billing, inventory."


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("Latest", "latest"),
        ("20261122T101500Z-7k3f", "20261122T101500Z-7k3f"),
        ("2026-11-20T22:00", "2026-11-20T22:00:00+01:00"),
        ("2026-11-20T22:00Z", "2026-11-20T22:00:00+00:00"),
    ],
)
def test_a_backup_is_named_by_id_or_by_time(word: str, named: str) -> None:
    assert backup_named(word, ZoneInfo("Europe/Vienna")) == named


@pytest.mark.parametrize(
    ("words", "before", "only"),
    [
        ("inventory latest", "inventory latest", ()),
        ("only public.devices", "", ("public.devices",)),
        ("latest ONLY devices runs", "latest", ("devices", "runs")),
        ("latest only devices, audit.*", "latest", ("devices", "audit.*")),
        ('latest only public."a b", runs', "latest", ('public."a b"', "runs")),
    ],
)
def test_only_some_tables(words: str, before: str, only: tuple[str, ...]) -> None:
    assert split_only(tuple(words.split())) == (tuple(before.split()), only)


def test_only_wants_tables() -> None:
    with pytest.raises(UsageError, match="which tables"):
        split_only(("latest", "only"))


@pytest.mark.parametrize(
    ("words", "before", "source", "name"),
    [
        ("staging latest from Production", "staging latest", "production", ""),
        ("staging latest as Copy_1 from production", "staging latest", "production", "Copy_1"),
        ("latest AS copy", "latest", None, "copy"),
        ("staging latest", "staging latest", None, ""),
    ],
)
def test_where_from_and_as_what(words: str, before: str, source: str | None, name: str) -> None:
    assert split_origin(tuple(words.split())) == (tuple(before.split()), source, name)


def test_from_wants_a_target() -> None:
    with pytest.raises(UsageError, match="what comes after “from”"):
        split_origin(("staging", "latest", "from"))


def test_backup_ids() -> None:
    assert is_backup("latest")
    assert is_backup("2026-11-20T22:00")
    assert is_backup("20261122T101500Z-7k3f")
    assert not is_backup("inventory")


@pytest.mark.parametrize(
    ("text", "starts_at", "length", "reason"),
    [
        ("in 30m for 1h reason", NOW + timedelta(minutes=30), timedelta(hours=1), "reason"),
        ("now for 1h 30m move to 18", NOW, timedelta(hours=1, minutes=30), "move to 18"),
        ("in 1h 30m for 2h it is for you", NOW + timedelta(minutes=90), timedelta(hours=2), "it is for you"),
        ("at 22:00 for 2h x", datetime(2026, 11, 22, 21, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("at 21:00 for 2h x", datetime(2026, 11, 23, 20, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("tomorrow at 22:00 for 2h x", datetime(2026, 11, 23, 21, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("at 22:00 tomorrow for 2h x", datetime(2026, 11, 23, 21, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("2026-11-23T22:00 for 2h x", datetime(2026, 11, 23, 21, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("2026-11-23T22:00+05:00 for 2h x", datetime(2026, 11, 23, 17, 0, tzinfo=UTC), timedelta(hours=2), "x"),
        ("2026-11-23t22:00z for 2h x", datetime(2026, 11, 23, 22, 0, tzinfo=UTC), timedelta(hours=2), "x"),
    ],
)
def test_windows_in_words(text: str, starts_at: datetime, length: timedelta, reason: str) -> None:
    assert window(text) == WindowWords(starts_at, starts_at + length, reason)


@pytest.mark.parametrize(
    "text",
    [
        "in 30m 1h reason",
        "in 30m for 1h",
        "in soon for 1h reason",
        "at 25:00 for 1h reason",
        "at 22:00 23:00 for 1h reason",
        "at noon for 1h reason",
        "in 30m for long reason",
        "in 99999999999w for 1h reason",
        "now for 9999999999999999w reason",
    ],
)
def test_a_window_that_cannot_be_read_shows_one_that_can(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        window(text)
    assert "window in 30m for 1h reason" in caught.value.remedy


@pytest.mark.parametrize("text", ["at 22:00 for 1h x", "2026-11-23T22:00 for 1h x"])
def test_a_time_of_day_is_not_guessed_without_a_zone(text: str) -> None:
    with pytest.raises(UsageError, match="time zone"):
        window(text, zone=None)
    assert window("2026-11-23T22:00Z for 1h x", zone=None).starts_at.hour == 22


def test_words_that_begin_a_window() -> None:
    assert all(map(starts_window, ["in", "At", "now", "tomorrow", "2026-11-23T22:00"]))
    assert not any(map(starts_window, ["inventory", "list", "T"]))


@given(st.lists(st.sampled_from(["in", "at", "for", "now", "1h", "0m", "22:00", "T", "2026-11-23T22:00", "x"])))
def test_reading_a_window_never_breaks(words: list[str]) -> None:
    try:
        found = parse_window(tuple(words), NOW, BERLIN)
    except UsageError:
        return
    assert found.starts_at < found.ends_at
    assert found.reason


@pytest.mark.parametrize(
    ("words", "plain", "rest"),
    [
        ((), False, ()),
        (("before", "deploy"), False, ("before", "deploy")),
        (("inventory", "--format", "plain", "for", "Bob"), True, ("inventory", "for", "Bob")),
        (("--format=plain",), True, ()),
        (("—format", "plain", "note"), True, ("note",)),
        (("--format=archive", "note"), False, ("note",)),
    ],
)
def test_the_format_of_a_backup(words: tuple[str, ...], plain: bool, rest: tuple[str, ...]) -> None:
    assert take_format(words) == (plain, rest)


@pytest.mark.parametrize("words", [("--format",), ("--format", "tar"), ("--format=",)])
def test_another_format_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="archive or plain"):
        take_format(words)


def test_a_window_without_a_start_begins_now() -> None:
    now = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    assert parse_window(("for", "2h", "move", "disks"), now, None) == WindowWords(
        now, now + timedelta(hours=2), "move disks"
    )
