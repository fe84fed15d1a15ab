"""What a workspace holds, as immutable values. Times are Slack timestamps: seconds since the epoch as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
StateValues: TypeAlias = Mapping[str, Mapping[str, Json]]
"""What a person has entered: block_id -> action_id -> Slack's state object."""

SLACKBOT_ID = "USLACKBOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The workspace itself, as payloads name it."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """The app that the workspace serves: its ids and the name its messages carry."""

    app_id: str
    bot_id: str
    bot_user_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `name` is the handle, `role` what they stand for in the demo (`Operator`, `Approver`, …)."""

    id: str
    name: str
    real_name: str
    role: str
    tz: str = "Europe/Berlin"
    deleted: bool = False
    """Deactivated."""
    is_bot: bool = False
    is_restricted: bool = False
    """A guest."""
    is_ultra_restricted: bool = False
    """A guest of a single channel."""
    is_stranger: bool = False
    """Of another workspace, seen through a shared channel."""
    team_id: str | None = None
    """The workspace's own when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A user group: its handle is what people type after the @."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel, or a direct conversation with the app when `is_im` is set (then `user` is the person)."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    is_im: bool = False
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """An uploaded file. `content` is what was uploaded, byte for byte."""

    id: str
    name: str
    title: str
    mimetype: str
    size: int
    user: str
    created: int = 0
    content: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in a channel. `ephemeral_to` names its only reader; `edited` is the time of the last edit."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    bot_id: str | None = None
    username: str | None = None
    thread_ts: str | None = None
    reply_broadcast: bool = False
    edited: str | None = None
    ephemeral_to: str | None = None
    reply_count: int = 0
    latest_reply: str | None = None
    reply_users: tuple[str, ...] = ()
    metadata: Json | None = None
    files: tuple[SharedFile, ...] = ()
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Emoji name, and who reacted with it."""
    pinned: bool = False

    @property
    def every_block(self) -> tuple[Json, ...]:
        """The message's blocks, and those of its attachments after them."""
        return (*self.blocks, *(block for attachment in self.attachments for block in attachment.get("blocks") or ()))

    def is_seen_by(self, user: str) -> bool:
        """True when the message is shown to this person at all."""
        return self.ephemeral_to in (None, user)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal or an App Home as one person sees it. `content` is the payload that the app sent, block ids filled in."""

    id: str
    user: str
    type: Literal["modal", "home"]
    content: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    state: StateValues = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    """block_id -> what the app found wrong with the last submission."""

    @property
    def blocks(self) -> list[Json]:
        """The view's blocks."""
        return list(self.content["blocks"])

    @property
    def title(self) -> str:
        """The title's text; empty for an App Home."""
        return str((self.content.get("title") or {}).get("text", ""))

    @property
    def submit(self) -> str | None:
        """The label of the submit button, None when there is none."""
        label = self.content.get("submit")
        return None if label is None else str(label["text"])

    @property
    def close(self) -> str:
        """The label of the close button."""
        return str((self.content.get("close") or {}).get("text", "Cancel"))

    @property
    def callback_id(self) -> str:
        """What the app calls this view."""
        return str(self.content.get("callback_id") or "")

    @property
    def external_id(self) -> str:
        """The app's own id for this view, unique in the workspace when not empty."""
        return str(self.content.get("external_id") or "")

    @property
    def private_metadata(self) -> str:
        """What the app carries along in this view."""
        return str(self.content.get("private_metadata") or "")

    @property
    def notify_on_close(self) -> bool:
        """True when the app wants to hear that a person closed the view."""
        return bool(self.content.get("notify_on_close"))

    @property
    def clear_on_close(self) -> bool:
        """True when closing this view closes the whole stack."""
        return bool(self.content.get("clear_on_close"))
