"""What a person typed after `/baseliner`, understood. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.durations import parse_duration
from bot.errors import UsageError
from bot.operations.context import unknown_target

_BACKUP_ID = re.compile(r"\d{8}T\d{6}Z-[A-Za-z0-9]+")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WINDOW_EXAMPLES = (
    "Write “window in 30m for 1h reason”, “window at 22:00 for 2h reason” or “window 2026-11-23T22:00 for 2h reason”."
)
_ORIGINS = ("from", "as")
_ORIGIN_EXAMPLE = "restore staging latest from production, or restore production latest as production_copy"


@dataclass(frozen=True)
class Typed:
    """The first word, in lower case, and the words after it."""

    word: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class WindowWords:
    """A maintenance window in words: aware times in UTC, and why."""

    starts_at: datetime
    ends_at: datetime
    reason: str


def parse(text: str) -> Typed:
    """Split what was typed. Slack sends `&`, `<` and `>` as entities."""
    words = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split()
    if not words:
        return Typed("help", ())
    return Typed(words[0].lower(), tuple(words[1:]))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one; None when none is alike."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.55)
    return found[0] if found else None


def take_target(
    arguments: tuple[str, ...], targets: Iterable[str], *, free_text: bool = False
) -> tuple[str | None, tuple[str, ...]]:
    """The target that the first argument names, and the other arguments.

    The only target need not be named; with several and none named the target is None. `free_text` says that
    words may follow, so a first word that resembles no target is one of those.
    Raises NotFound, naming the nearest target and all of them.
    """
    known = list(targets)
    only = known[0] if len(known) == 1 else None
    if not arguments:
        return only, ()
    first = arguments[0].lower()
    if first in known:
        return first, arguments[1:]
    if free_text and only and not nearest(first, known):
        return only, arguments
    raise unknown_target(arguments[0], known)


def take_format(words: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    """Whether `--format plain` is among the words, and the others. Raises UsageError for another format."""
    # Slack's composer may make one long dash of two.
    words = tuple(f"--{word[1:]}" if word.startswith("—") else word for word in words)
    joined = tuple(
        word for given in words for word in (given.split("=", 1) if given.startswith("--format=") else [given])
    )
    if "--format" not in joined:
        return False, words
    at = joined.index("--format")
    named = joined[at + 1 : at + 2]
    if named not in (("plain",), ("archive",)):
        raise UsageError("A backup's format is archive or plain.", "/baseliner backup [target] --format plain")
    return named == ("plain",), joined[:at] + joined[at + 2 :]


def is_backup(word: str) -> bool:
    """A backup id, `latest`, or the time of one."""
    return word.lower() == "latest" or _BACKUP_ID.fullmatch(word) is not None or _moment(word) is not None


def backup_named(word: str, zone: ZoneInfo | None) -> str:
    """As the use cases know it: a time, which is in `zone` when it does not say, with its offset. Raises UsageError."""
    moment = _moment(word)
    if moment is not None:
        return (moment if moment.tzinfo else moment.replace(tzinfo=_known(zone))).isoformat()
    return word.lower() if word.lower() == "latest" else word


def split_only(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What comes before `only`, and the tables that come after it. Raises UsageError when none does."""
    lower = [word.lower() for word in words]
    if "only" not in lower:
        return words, ()
    at = lower.index("only")
    only = listed_tables(" ".join(words[at + 1 :]))
    if not only:
        raise UsageError("Say which tables.", "restore … only public.devices, audit.*")
    return words[:at], only


def split_origin(words: tuple[str, ...]) -> tuple[tuple[str, ...], str | None, str]:
    """What comes before `from TARGET` and `as NAME`, that target, and that name (empty without). Raises UsageError."""
    found: dict[str, str] = {}
    while len(words) > 1 and (word := words[-2].lower()) in _ORIGINS and word not in found:
        found[word], words = words[-1], words[:-2]
    if words and words[-1].lower() in _ORIGINS:
        raise UsageError(f"Say what comes after “{words[-1]}”.", _ORIGIN_EXAMPLE)
    return words, found.get("from", "").lower() or None, found.get("as", "")


def listed_tables(text: str) -> tuple[str, ...]:
    """Between commas or lines; where there is neither, and no quote, between spaces."""
    separator = r"[,\n]" if re.search(r'[,\n"]', text) else r"\s"
    return tuple(filter(None, (part.strip() for part in re.split(separator, text))))


def starts_window(word: str) -> bool:
    """True when a word begins the time of a window: then no target was named."""
    return word.lower() in ("in", "at", "now", "today", "tomorrow") or _moment(word) is not None


def parse_window(words: tuple[str, ...], now: datetime, zone: ZoneInfo | None) -> WindowWords:
    """Read `in 30m for 1h reason`, `at 22:00 [tomorrow] for 2h reason` or `2026-11-23T22:00 for 2h reason`.

    Times of day are in `zone`, the person's own. Raises UsageError with an example.
    """
    lower = tuple(word.lower() for word in words)
    if "for" not in lower:
        raise UsageError("A window needs its length.", _WINDOW_EXAMPLES)
    split = lower.index("for")
    try:
        starts_at = _start(lower[:split], now, zone)
        length, rest = _length(words[split + 1 :])
        ends_at = starts_at + length
    except OverflowError as error:
        raise UsageError("That is too far away.", _WINDOW_EXAMPLES) from error
    if not rest:
        raise UsageError("A window needs a reason: people will read it.", _WINDOW_EXAMPLES)
    return WindowWords(starts_at, ends_at, " ".join(rest))


def _start(words: tuple[str, ...], now: datetime, zone: ZoneInfo | None) -> datetime:
    if words in ((), ("now",)):
        return now.astimezone(UTC)
    if words[:1] == ("in",) and len(words) > 1:
        return now.astimezone(UTC) + _duration("".join(words[1:]))
    if len(words) == 1 and (moment := _moment(words[0].upper())) is not None:
        return _aware(moment, zone)
    return _time_of_day(words, now, zone)


def _time_of_day(words: tuple[str, ...], now: datetime, zone: ZoneInfo | None) -> datetime:
    day = next((word for word in words if word in ("today", "tomorrow")), None)
    times = [match for word in words if (match := _TIME_OF_DAY.fullmatch(word))]
    strange = [word for word in words if word not in ("at", "today", "tomorrow") and not _TIME_OF_DAY.fullmatch(word)]
    if len(times) != 1 or strange:
        raise UsageError(f"“{' '.join(words)}” is not a time.", _WINDOW_EXAMPLES)
    local_now = now.astimezone(_known(zone))
    hour, minute = int(times[0][1]), int(times[0][2])
    start = local_now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if day == "tomorrow" or (day is None and start <= local_now):
        start += timedelta(days=1)
    return start.astimezone(UTC)


def _length(words: tuple[str, ...]) -> tuple[timedelta, tuple[str, ...]]:
    """`1h 30m reason` is an hour and a half: every leading word that is a duration counts."""
    length, used = timedelta(), 0
    for word in words:
        try:
            length += parse_duration(word)
        except ValueError:
            break
        used += 1
    if not length:
        raise UsageError(f"“{' '.join(words[:1])}” is not a length of time.", _WINDOW_EXAMPLES)
    return length, words[used:]


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"“{text}” is not a length of time.", _WINDOW_EXAMPLES) from error


def _moment(word: str) -> datetime | None:
    try:
        return datetime.fromisoformat(word) if "T" in word.upper() else None
    except ValueError:
        return None


def _aware(moment: datetime, zone: ZoneInfo | None) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=_known(zone))).astimezone(UTC)


def _known(zone: ZoneInfo | None) -> ZoneInfo:
    if zone is None:
        raise UsageError(
            "Slack did not tell your time zone.", "Write “in 30m”, or the date with its offset: 2026-11-23T22:00+01:00."
        )
    return zone
