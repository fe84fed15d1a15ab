"""What a Web API method is, and the arguments it is called with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.delivery.sockets import SocketTransport
from sandbox.errors import SlackError
from sandbox.model import Channel, Message, User
from sandbox.outgoing import decoded
from sandbox.rates import Tier
from sandbox.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments as they came, and what it acts on."""

    workspace: Workspace
    sockets: SocketTransport
    base_url: str
    arguments: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A required text. Raises SlackError invalid_arguments."""
        value = self.optional(name)
        if value is None:
            raise SlackError("invalid_arguments", [f"missing required field: {name}"])
        return value

    def optional(self, name: str) -> str | None:
        """A text that may be left out. Raises SlackError invalid_arguments when it is none."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise SlackError("invalid_arguments", [f"must be a string [json-pointer:/{name}]"])
        return str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, which forms write as `true` or `1`."""
        value = self.arguments.get(name)
        return default if value is None else str(value).lower() in ("true", "1")

    def number(self, name: str, default: int) -> int:
        """A whole number. Raises SlackError invalid_arguments."""
        value = self.optional(name)
        try:
            return default if value is None else int(value)
        except ValueError:
            raise SlackError("invalid_arguments", [f"must be an integer [json-pointer:/{name}]"]) from None

    def json(self, name: str) -> Any:
        """An argument that is JSON, as such or in a string."""
        return decoded(self.arguments.get(name), "invalid_arguments")

    def channel(self, name: str = "channel") -> Channel:
        """The channel of this id. Raises SlackError channel_not_found."""
        channel = self.workspace.channels.get(self.text(name))
        if channel is None:
            raise SlackError("channel_not_found")
        return channel

    def joined_channel(self, name: str = "channel") -> Channel:
        """The channel of this id, which the app is in. Raises SlackError channel_not_found or not_in_channel."""
        channel = self.channel(name)
        if self.workspace.app.bot_user_id not in self.workspace.members[channel.id]:
            raise SlackError("not_in_channel")
        return channel

    def require_scope(self, scope: str) -> None:
        """Raise SlackError missing_scope unless the app was granted this scope, or there is no manifest."""
        granted = self.workspace.manifest.bot_scopes
        if granted is not None and scope not in granted:
            raise missing_scope((scope,), granted)

    def user(self, name: str = "user") -> User:
        """The person of this id. Raises SlackError user_not_found."""
        user = self.workspace.users.get(self.text(name))
        if user is None:
            raise SlackError("user_not_found")
        return user

    def message(self, channel: Channel, name: str = "ts", error: str = "message_not_found") -> Message:
        """The message of this timestamp that is in the channel's history. Raises SlackError."""
        message = self.workspace.messages.get(channel.id, self.text(name))
        if message is None or message.ephemeral_to is not None:
            raise SlackError(error)
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A Web API method. Any one of `scopes` lets a bot token call it."""

    name: str
    run: Callable[[Call], dict[str, Any]]
    tier: Tier
    scopes: tuple[str, ...] = ()
    token: Literal["bot", "app", "none"] = "bot"


def missing_scope(needed: Collection[str], granted: Collection[str]) -> SlackError:
    """The refusal that names what is needed (any one will do) and what was granted."""
    return SlackError("missing_scope", needed=",".join(needed), provided=",".join(sorted(granted)))


def page_of(items: list[Any], call: Call, default_limit: int = 100) -> tuple[list[Any], dict[str, str]]:
    """The slice that `cursor` and `limit` ask for, and the `response_metadata` that leads on."""
    cursor = call.optional("cursor") or "0"
    if not cursor.isdigit():
        raise SlackError("invalid_cursor")
    start, limit = int(cursor), min(max(call.number("limit", default_limit), 1), 1000)
    following = start + limit
    return items[start:following], {"next_cursor": str(following) if following < len(items) else ""}
