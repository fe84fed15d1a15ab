"""Draws text: mrkdwn, plain text and rich text become spans, links and times, never HTML source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.model import Json, User
from sandbox.page.dates import Reader, format_date, full_moment
from sandbox.page.dom import listen, node
from sandbox.page.mrkdwn import (
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
    parse,
    parse_plain,
)
from sandbox.workspace import Workspace

_TAGS = {"bold": "strong", "italic": "em", "strike": "s"}


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws for one reader: names come from the workspace, times are in the reader's zone."""

    workspace: Workspace
    reader: Reader
    viewer: User
    go_to_channel: Callable[[str], None]

    def text_object(self, text: Json) -> None:
        """A text object of Block Kit."""
        if text.get("type") == "mrkdwn":
            self.mrkdwn(str(text.get("text", "")))
        else:
            self.plain(text)

    def mrkdwn(self, text: str) -> None:
        """A mrkdwn text."""
        self.blocks(parse(text))

    def plain(self, text: Json) -> None:
        """A plain_text object, in the current slot without a paragraph around it."""
        self.inline(parse_plain(str(text.get("text", "")), emoji=text.get("emoji", True) is not False))

    def blocks(self, blocks: Sequence[Block]) -> None:
        """Paragraphs, quotes, bullets and preformatted text."""
        for block in blocks:
            match block:
                case Paragraph(children):
                    with node("div", "text"):
                        self.inline(children)
                case Quote(children):
                    with node("blockquote", "quote"):
                        self.inline(children)
                case Bullet(children):
                    with node("div", "bullet"):
                        self.inline(children)
                case Preformatted(text):
                    node("pre", "preformatted", text)

    def inline(self, tokens: Sequence[Inline]) -> None:
        """Running text."""
        for token in tokens:
            match token:
                case Text(text):
                    node("span", "", text)
                case Emoji(name, character):
                    node("span", "emoji", character, title=f":{name}:")
                case Styled(style, children):
                    with node(_TAGS[style]):
                        self.inline(children)
                case Code(text):
                    node("code", "code", text)
                case Link(url, label):
                    node("a", "link", label, href=url, target="_blank", rel="noopener noreferrer nofollow")
                case Mention():
                    self._mention(token)
                case Date():
                    self._date(token)

    def _mention(self, mention: Mention) -> None:
        match mention.kind:
            case "user":
                me = " mention--me" if mention.id == self.viewer.id else ""
                node("span", f"mention{me}", f"@{self._user_name(mention)}")
            case "channel" if mention.id in self.workspace.channels:
                name = self.workspace.channels[mention.id].name
                link = node("a", "mention", f"#{name}", href=f"#{name}")
                listen(link, "click.prevent", lambda _given: self.go_to_channel(mention.id))
            case "group":
                group = self.workspace.groups.get(mention.id)
                me = " mention--me" if group and self.viewer.id in group.users else ""
                node("span", f"mention{me}", f"@{(group.handle if group else mention.label.lstrip('@')) or mention.id}")
            case "broadcast":
                node("span", "mention mention--me", f"@{mention.id}")
            case _:
                node("span", "mention", f"#{mention.label or mention.id}")

    def _user_name(self, mention: Mention) -> str:
        if mention.id == self.workspace.app.bot_user_id:
            return self.workspace.app.name
        user = self.workspace.users.get(mention.id)
        return user.real_name if user else mention.label or mention.id

    def _date(self, date: Date) -> None:
        shown = format_date(date.timestamp, date.format, date.fallback, self.reader, self.workspace.clock())
        title = full_moment(date.timestamp, self.reader)
        stamp = datetime.fromtimestamp(date.timestamp, UTC).isoformat() if title else None
        if date.link:
            with node("a", "link", href=date.link, target="_blank", rel="noopener noreferrer nofollow"):
                node("time", "", shown, datetime=stamp, title=title or None)
        else:
            node("time", "date", shown, datetime=stamp, title=title or None)
