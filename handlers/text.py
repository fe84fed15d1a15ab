"""Text for people in Slack: escaped, cut to its limit, with dates in each reader's own zone and figures with units.

Slack's mrkdwn reads `&`, `<` and `>` as control characters and has no escape for its formatting characters
(source: docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_EDGE_UNDERSCORES = re.compile(r"(?<!\w)_+|_++(?!\w)")
# Control characters, and the marks that reorder text: they could make a card read as something that it is not.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NAMED = re.compile(r"`([^`]+)`|(?<![\w.*])(\w+\.\*)(?![\w*])")
_TOKEN = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|.", re.DOTALL)
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis shows where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cut_markup(text: str, limit: int) -> str:
    """Like `cut`, for mrkdwn: never inside `<…>` or an entity."""
    if len(text) <= limit:
        return text
    kept, room = [], limit - 1
    for token in _TOKEN.findall(text):
        room -= len(token)
        if room < 0:
            break
        kept.append(token)
    return "".join(kept) + "…"


def escape(text: str) -> str:
    """Without control sequences: `<!channel>` becomes words."""
    return text.translate(_ENTITIES)


def literal(text: str, limit: int) -> str:
    """Text from outside for a plain_text object, which formats nothing: newlines stay, invisible characters go."""
    return cut(_INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip(), limit)


def inline(text: str, limit: int = 200) -> str:
    """Text from outside for one line of mrkdwn: escaped, its formatting characters replaced by lookalikes."""
    return cut_markup(_unformatted(_one_line(text)), limit)


def prose(text: str, limit: int = 200) -> str:
    """Like `inline`, for sentences: what stands in backticks, and patterns such as `audit.*`, can be copied as code."""
    line, shown, at = _one_line(text), "", 0
    for found in _NAMED.finditer(line):
        shown += _unformatted(line[at : found.start()]) + code(found[1] or found[2])
        at = found.end()
    return cut_markup(shown + _unformatted(line[at:]), limit)


def code(text: str, limit: int = 120) -> str:
    """A name from outside as inline code."""
    name = _INVISIBLE.sub("", re.sub(r"[\r\n\t]", " ", text)).replace("`", "ˋ")
    return f"`{cut_markup(escape(name), limit - 2).strip() or ' '}`"


def preformatted(text: str, limit: int = 2900) -> str:
    """What a tool said, in a code block; when too long its end stays, where tools say why they stopped."""
    said = escape(literal(text, 1_000_000).replace("`", "ˋ"))
    room = limit - 8
    if len(said) > room:
        said = "…" + re.sub(r"^(?:[a-z]{0,4};)", "", said[len(said) - room + 1 :])
    return f"```\n{said}\n```"


def date(at: datetime) -> str:
    """A Slack date, shown in each reader's own zone; in UTC where it cannot be."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{utc(at)}>"


def utc(at: datetime) -> str:
    """A date where Slack formats none: option texts, dialogs, notifications."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(count: float) -> str:
    """Bytes for people, in powers of 1000: `29.1 MB`."""
    value = float(max(count, 0))
    for unit in _SIZES:
        if value < 999.95 or unit == _SIZES[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def rate(bytes_per_second: float) -> str:
    return f"{size(bytes_per_second)}/s"


def number(count: int) -> str:
    return f"{count:,}"


def plural(count: int, singular: str, many: str | None = None) -> str:
    """`1 row`, `4,000 rows`."""
    return f"{number(count)} {singular if count == 1 else many or singular + 's'}"


def duration(seconds: float) -> str:
    """The two largest units that say something: `7.2 s`, `2 min 5 s`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def age(since: datetime, now: datetime) -> str:
    """`2 h 5 min ago`; `just now` under ten seconds."""
    seconds = (now - since).total_seconds()
    return "just now" if seconds < 10 else f"{duration(seconds)} ago"


def brief_age(since: datetime, now: datetime) -> str:
    """In one unit, for tables: `15 min ago`."""
    seconds = (now - since).total_seconds()
    if seconds < 10:
        return "just now"
    for most, unit, name in ((_MINUTE, 1, "s"), (2 * _HOUR, _MINUTE, "min"), (2 * _DAY, _HOUR, "h")):
        if seconds < most:
            return f"{round(seconds / unit)} {name} ago"
    return f"{round(seconds / _DAY)} d ago"


def bar(fraction: float, width: int = 20) -> str:
    """A text bar; a fraction outside 0 to 1 is drawn as the nearer end."""
    full = int(min(max(fraction, 0.0), 1.0) * width)
    return "█" * full + "░" * (width - full)


def listed(words: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def _one_line(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text.replace("\r", "\n")).split())


def _unformatted(line: str) -> str:
    return escape(_EDGE_UNDERSCORES.sub(lambda run: "ˍ" * len(run[0]), line.translate(_LOOKALIKES)))


def _two(seconds: int, unit: int, name: str, part: int, part_name: str) -> str:
    rest = seconds % unit // part
    return f"{seconds // unit} {name} {rest} {part_name}" if rest else f"{seconds // unit} {name}"
