"""Slack's mrkdwn as typed tokens: nothing in here knows how a token is drawn.

Source: docs, messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

from sandbox.page.emoji import EMOJI
from sandbox.page.tokens import (
    Block,
    Bullet,
    Code,
    Date,
    Emoji,
    Inline,
    Link,
    Mention,
    Paragraph,
    Preformatted,
    Quote,
    Styled,
    Text,
)

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_CONTROL = re.compile(r"<([^<>\n]+)>")
_CODE = re.compile(r"`([^`\n]+)`")
_EMOJI = re.compile(r":([a-z0-9_+'-]{1,60}):(?::skin-tone-[2-6]:)?")
_BARE_URL = re.compile(r"https?://[^\s<>|`]+")
_SAFE_URL = re.compile(r"(https?://|mailto:)\S+", re.IGNORECASE)
_DATE = re.compile(r"date\^(-?\d{1,12})\^([^^]*)(?:\^(.*))?")
_QUOTE_MARK = re.compile(r"(?:>|&gt;) ?")
_BULLET_MARK = re.compile(r"[ \t]*• +")
_STYLES: dict[str, Literal["bold", "italic", "strike"]] = {"*": "bold", "_": "italic", "~": "strike"}


def parse(text: str) -> tuple[Block, ...]:
    """The blocks of a mrkdwn text, in order. Every text parses; what is no markup stays text."""
    blocks: list[Block] = []
    position = 0
    for fence in _FENCE.finditer(text):
        if not fence[1].strip():
            continue
        blocks.extend(_lines(text[position : fence.start()].removesuffix("\n")))
        blocks.append(Preformatted(_without_controls(fence[1])))
        position = fence.end() + text.startswith("\n", fence.end())
    blocks.extend(_lines(text[position:]))
    return tuple(blocks)


def parse_plain(text: str, *, emoji: bool = True) -> tuple[Inline, ...]:
    """A plain_text: characters, and emoji names unless switched off."""
    if not emoji:
        return (Text(text),)
    tokens: list[Inline] = []
    position = 0
    for match in _EMOJI.finditer(text):
        if match[1] in EMOJI:
            tokens += [Text(text[position : match.start()]), Emoji(match[1], EMOJI[match[1]])]
            position = match.end()
    return _merged([*tokens, Text(text[position:])])


def parse_inline(text: str) -> tuple[Inline, ...]:
    """The tokens of running text, without quotes and preformatted blocks."""
    return _merged(_Scanner(text).scan(0, len(text), frozenset()))


def is_safe_url(url: str) -> bool:
    """True for what may be followed: http, https and mailto."""
    return _SAFE_URL.fullmatch(url) is not None


def unescape(text: str) -> str:
    """Undo Slack's three entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _lines(text: str) -> Iterator[Block]:
    kind: type[Paragraph] | type[Quote] = Paragraph
    gathered: list[str] = []
    for line in text.split("\n") if text else ():
        quote, bullet = _QUOTE_MARK.match(line), _BULLET_MARK.match(line)
        line_kind = Quote if quote else Paragraph
        if gathered and (line_kind is not kind or bullet):
            yield kind(parse_inline("\n".join(gathered)))
            gathered = []
        kind = line_kind
        if bullet:
            yield Bullet(parse_inline(line[bullet.end() :]))
        else:
            gathered.append(line[quote.end() :] if quote else line)
    if gathered:
        yield kind(parse_inline("\n".join(gathered)))


class _Scanner:
    """Reads one text; remembers where a style mark has no end, so that a hostile text costs linear time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._without_end: set[tuple[str, int]] = set()

    def scan(self, start: int, end: int, inside: frozenset[str]) -> Iterator[Inline]:
        position = plain = start
        while position < end:
            found = self._token(position, end, inside)
            if found is None:
                position += 1
                continue
            token, after = found
            yield Text(unescape(self._text[plain:position]))
            yield token
            position = plain = after
        yield Text(unescape(self._text[plain:end]))

    def _token(self, position: int, end: int, inside: frozenset[str]) -> tuple[Inline, int] | None:
        match self._text[position]:
            case "<":
                return self._matched(_CONTROL, position, end, lambda m: _control(m[1]))
            case "`":
                return self._matched(_CODE, position, end, lambda m: Code(unescape(m[1])))
            case ":":
                return self._matched(_EMOJI, position, end, _emoji)
            case "h" if position == 0 or not self._text[position - 1].isalnum():
                return self._matched(_BARE_URL, position, end, _bare_url)
            case "*" | "_" | "~" as mark if mark not in inside:
                return self._styled(mark, position, end, inside)
        return None

    def _matched(self, pattern: re.Pattern[str], position: int, end: int, build: _Build) -> tuple[Inline, int] | None:
        match = pattern.match(self._text, position, end)
        token = build(match) if match else None
        if match is None or token is None:
            return None
        shorter = len(match[0]) - len(token.url) if isinstance(token, Link) and pattern is _BARE_URL else 0
        return token, match.end() - shorter

    def _styled(self, mark: str, position: int, end: int, inside: frozenset[str]) -> tuple[Inline, int] | None:
        before = self._text[position - 1] if position else " "
        line_end = self._text.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        if before.isalnum() or (mark, line_end) in self._without_end:
            return None
        closing = self._closing(mark, position + 1, line_end)
        if closing is None:
            self._without_end.add((mark, line_end))
            return None
        if closing == position + 1 or self._text[position + 1].isspace():
            return None
        children = _merged(self.scan(position + 1, closing, inside | {mark}))
        return Styled(_STYLES[mark], children), closing + 1

    def _closing(self, mark: str, start: int, end: int) -> int | None:
        """Where the style ends: at the next such mark which ends a word, outside of controls and code."""
        position = start
        while position < end:
            character = self._text[position]
            if character == mark and position > start and not self._text[position - 1].isspace():
                after = self._text[position + 1] if position + 1 < len(self._text) else " "
                if not after.isalnum():
                    return position
            skipped = _CONTROL if character == "<" else _CODE if character == "`" else None
            match = skipped.match(self._text, position, end) if skipped else None
            position = match.end() if match else position + 1
        return None


_Build: TypeAlias = Callable[[re.Match[str]], Inline | None]


def _emoji(match: re.Match[str]) -> Inline | None:
    character = EMOJI.get(match[1])
    return None if character is None else Emoji(match[1], character)


def _bare_url(match: re.Match[str]) -> Inline:
    url = match[0].rstrip(".,;:!?'\")]}*_~")
    return Link(unescape(url), unescape(url))


def _control(body: str) -> Inline | None:
    target, _, label = body.partition("|")
    target, label = unescape(target), unescape(label)
    match target[:1]:
        case "@":
            return Mention("user", target[1:], label)
        case "#":
            return Mention("channel", target[1:], label)
        case "!":
            return _special(target[1:], label)
    return Link(target, label or target.removeprefix("mailto:")) if is_safe_url(target) else None


def _special(body: str, label: str) -> Inline | None:
    if body in ("here", "channel", "everyone"):
        return Mention("broadcast", body)
    if body.startswith("subteam^"):
        return Mention("group", body.removeprefix("subteam^"), label)
    date = _DATE.fullmatch(body)
    if date is None:
        return Text(label) if label else None
    link = date[3] or ""
    return Date(int(date[1]), date[2], label, link if is_safe_url(link) else "")


def _without_controls(text: str) -> str:
    """Preformatted text: controls show as the words they stand for."""

    def words(match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        return match[0] if _control(match[1]) is None else label or target

    return unescape(_CONTROL.sub(words, text))


def _merged(tokens: Iterable[Inline]) -> tuple[Inline, ...]:
    """Without empty texts, and neighbouring texts made one."""
    merged: list[Inline] = []
    for token in tokens:
        last = merged[-1] if merged else None
        if isinstance(token, Text) and isinstance(last, Text):
            merged[-1] = Text(last.text + token.text)
        elif not (isinstance(token, Text) and not token.text):
            merged.append(token)
    return tuple(merged)
