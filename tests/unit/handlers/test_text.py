"""Nothing from outside may act in Slack, and no text may pass its limit."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import text

HOSTILE = st.text(
    st.one_of(st.sampled_from("<>&!@#*_~`\n\r\t |^\u202e\u2066\x00ab:;"), st.characters(exclude_categories=["Cs"])),
    max_size=400,
)
LIMITS = st.integers(min_value=12, max_value=300)
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def assert_no_control(shown: str) -> None:
    assert "<" not in shown
    assert ">" not in shown
    assert not ENTITY.search(shown)


@given(HOSTILE, LIMITS)
def test_inline_neither_controls_nor_formats(outside: str, limit: int) -> None:
    shown = text.inline(outside, limit)
    assert_no_control(shown)
    assert len(shown) <= limit
    assert not set(shown) & set("*~`\n\r\u202e\u2066\x00")
    assert not re.search(r"(?:^|\W)_|_(?:\W|$)", shown)


@given(HOSTILE, LIMITS)
def test_code_stays_inside_its_backticks(outside: str, limit: int) -> None:
    shown = text.code(outside, limit)
    assert_no_control(shown)
    assert len(shown) <= limit
    assert re.fullmatch(r"`[^`\n]+`", shown)


@given(HOSTILE, st.integers(min_value=20, max_value=300))
def test_preformatted_stays_inside_its_fence(outside: str, limit: int) -> None:
    shown = text.preformatted(outside, limit)
    assert_no_control(shown)
    assert len(shown) <= limit
    assert shown.startswith("```\n")
    assert shown.endswith("\n```")
    assert "`" not in shown[4:-4]


@given(HOSTILE, LIMITS)
def test_literal_keeps_words_and_drops_what_reorders_them(outside: str, limit: int) -> None:
    shown = text.literal(outside, limit)
    assert len(shown) <= limit
    assert not set(shown) & set("\r\u202e\u2066\x00")


@given(st.text(st.sampled_from("ab<@!>&amp;lt;^|"), max_size=200), LIMITS)
def test_cut_markup_never_splits_what_it_kept_whole(markup: str, limit: int) -> None:
    shown = text.cut_markup(markup, limit)
    assert len(shown) <= limit
    assert markup.startswith(shown.removesuffix("…"))


def test_cut_markup_leaves_a_mention_whole_or_out() -> None:
    assert text.cut_markup("asked by <@U0OPERATOR>", 15) == "asked by …"
    assert text.cut_markup("a &amp; b &amp; c", 12) == "a &amp; b …"


def test_preformatted_keeps_the_end() -> None:
    shown = text.preformatted("first\n" + "x" * 200 + "\nlast words", 60)
    assert "first" not in shown
    assert "last words" in shown


def test_an_injected_broadcast_becomes_words() -> None:
    assert text.inline("drop <!channel> *now*\n> quote") == "drop &lt;!channel&gt; ∗now∗ &gt; quote"
    assert text.code("a`b<!here>\nc") == "`aˋb&lt;!here&gt; c`"
    assert text.inline("run_items of _all_ __x") == "run_items of ˍallˍ ˍˍx"


def test_what_is_named_in_a_sentence_can_be_copied() -> None:
    shown = text.prose("Type `what *` or audit.*, not *.* or “x.*”: a_b <!here>.")
    assert shown == "Type `what *` or `audit.*`, not ∗.∗ or “`x.*`”: a_b &lt;!here&gt;."


@given(HOSTILE, LIMITS)
def test_a_sentence_controls_nothing(outside: str, limit: int) -> None:
    shown = text.prose(outside, limit)
    assert_no_control(shown)
    assert len(shown) <= limit


def test_names_with_underscores_can_be_copied() -> None:
    assert text.inline("fleet__old_20261122 and a__") == "fleet__old_20261122 and aˍˍ"


def test_dates_are_for_each_readers_zone() -> None:
    berlin = NOW.astimezone().replace()
    assert text.date(berlin) == "<!date^1795342500^{date_short_pretty} at {time}|2026-11-22 10:15 UTC>"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (29_123_456, "29.1 MB"),
        (999_960, "1.0 MB"),
        (1_200_000_000, "1.2 GB"),
        (5_000_000_000_000_000_000, "5000.0 PB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert text.size(count) == shown


def test_ages() -> None:
    assert text.age(NOW - timedelta(hours=2, minutes=5), NOW) == "2 h 5 min ago"
    assert text.age(NOW + timedelta(seconds=3), NOW) == "just now"


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=9), "just now"),
        (timedelta(seconds=44), "44 s ago"),
        (timedelta(minutes=14, seconds=44), "15 min ago"),
        (timedelta(minutes=100), "100 min ago"),
        (timedelta(hours=26, minutes=5), "26 h ago"),
        (timedelta(days=3, hours=13), "4 d ago"),
    ],
)
def test_ages_in_a_table_have_one_unit(ago: timedelta, shown: str) -> None:
    assert text.brief_age(NOW - ago, NOW) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bar_has_always_its_width(fraction: float) -> None:
    assert len(text.bar(fraction)) == 20


def test_a_bar_is_full_only_at_the_end() -> None:
    assert text.bar(0.999) == "█" * 19 + "░"
    assert text.bar(1) == "█" * 20


def test_words() -> None:
    assert text.plural(1, "row") == "1 row"
    assert text.plural(4000, "row") == "4,000 rows"
    assert text.listed(["a"]) == "a"
    assert text.listed(["a", "b", "c"], "or") == "a, b or c"
