"""What a formatted text consists of, whichever of Slack's notations it was written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters, newlines included."""

    text: str


@dataclass(frozen=True, slots=True)
class Emoji:
    """An emoji by its short name; `text` is its character."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Bold, italic or struck text."""

    style: Literal["bold", "italic", "strike"]
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Inline code."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to http, https or mailto; other schemes never become links."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Someone or somewhere named by id; `label` is what the sender called it, empty when not said."""

    kind: Literal["user", "channel", "group", "broadcast"]
    id: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A moment for the reader's own zone: seconds since the epoch, Slack's format, and what to show failing that."""

    timestamp: int
    format: str
    fallback: str
    link: str = ""


Inline: TypeAlias = Text | Emoji | Styled | Code | Link | Mention | Date


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Bullet:
    """A line that starts with a bullet, to be drawn with a hanging indent."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Quoted lines."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Preformatted:
    """Text between three backticks, kept as it is."""

    text: str


Block: TypeAlias = Paragraph | Bullet | Quote | Preformatted
