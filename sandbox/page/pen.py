"""Writes text for one reader: mrkdwn, plain text and rich text become trees of spans, links and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.model import Json, User
from sandbox.page.dates import Reader, format_date, full_moment
from sandbox.page.mrkdwn import parse, parse_plain
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
from sandbox.page.tree import Tree, part
from sandbox.workspace import Workspace

_TAGS = {"bold": "strong", "italic": "em", "strike": "s"}
GO_TO_CHANNEL = "channel:"
"""What a piece says, with the id, when a channel's name was pressed."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Names come from the workspace, times are in the reader's zone."""

    workspace: Workspace
    reader: Reader
    viewer: User

    def text_object(self, text: Json) -> list[Tree]:
        """A text object of Block Kit."""
        if text.get("type") == "mrkdwn":
            return self.mrkdwn(str(text.get("text", "")))
        return self.plain(text)

    def mrkdwn(self, text: str) -> list[Tree]:
        """A mrkdwn text."""
        return self.blocks(parse(text))

    def plain(self, text: Json) -> list[Tree]:
        """A plain_text object."""
        return self.inline(parse_plain(str(text.get("text", "")), emoji=text.get("emoji", True) is not False))

    def blocks(self, blocks: Sequence[Block]) -> list[Tree]:
        """Paragraphs, quotes, bullets and preformatted text."""
        return [self._block(block) for block in blocks]

    def inline(self, tokens: Sequence[Inline]) -> list[Tree]:
        """Running text."""
        return [self._token(token) for token in tokens]

    def _block(self, block: Block) -> Tree:
        match block:
            case Quote(children):
                return part("blockquote", "quote", *self.inline(children))
            case Bullet(children):
                return part("div", "bullet", *self.inline(children))
            case Preformatted(text):
                return part("pre", "preformatted", text)
            case Paragraph(children):
                return part("div", "text", *self.inline(children))

    def _token(self, token: Inline) -> Tree:
        match token:
            case Text(text):
                return text
            case Emoji(name, character):
                return part("span", "emoji", character, title=f":{name}:")
            case Styled(style, children):
                return part(_TAGS[style], "", *self.inline(children))
            case Code(text):
                return part("code", "code", text)
            case Link(url, label):
                return link(url, label)
            case Mention():
                return self._mention(token)
            case Date():
                return self._date(token)

    def _mention(self, mention: Mention) -> Tree:
        match mention.kind:
            case "user":
                me = " mention--me" if mention.id == self.viewer.id else ""
                return part("span", f"mention{me}", f"@{self._user_name(mention)}")
            case "channel" if mention.id in self.workspace.channels:
                name = self.workspace.channels[mention.id].name
                return part("a", "mention", f"#{name}", href=f"?in={name}", act=f"{GO_TO_CHANNEL}{mention.id}")
            case "group":
                group = self.workspace.groups.get(mention.id)
                me = " mention--me" if group and self.viewer.id in group.users else ""
                name = group.handle if group else mention.label.lstrip("@")
                return part("span", f"mention{me}", f"@{name or mention.id}")
            case "broadcast":
                return part("span", "mention mention--me", f"@{mention.id}")
        return part("span", "mention", f"#{mention.label or mention.id}")

    def _user_name(self, mention: Mention) -> str:
        if mention.id == self.workspace.app.bot_user_id:
            return self.workspace.app.name
        user = self.workspace.users.get(mention.id)
        return user.real_name if user else mention.label or mention.id

    def _date(self, date: Date) -> Tree:
        shown = format_date(date.timestamp, date.format, date.fallback, self.reader, self.workspace.clock())
        title = full_moment(date.timestamp, self.reader)
        stamp = datetime.fromtimestamp(date.timestamp, UTC).isoformat() if title else None
        moment = part("time", "date", shown, datetime=stamp, title=title or None)
        return link(date.link, moment) if date.link else moment


def link(url: str, label: Tree) -> Json:
    """A link that opens beside the workspace and tells its target nothing."""
    return part("a", "link", label, href=url, target="_blank", rel="noopener noreferrer nofollow")
