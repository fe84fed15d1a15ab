"""What happened in the workspace, told to those who draw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.model import Channel, Message, View


@dataclass(frozen=True, slots=True)
class MessagePosted:
    """A new message; `message.ephemeral_to` says when only one person sees it."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageUpdated:
    """A message changed in place: its text, blocks, reactions, pin or reply count."""

    message: Message
    previous: Message | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message went away."""

    message: Message


@dataclass(frozen=True, slots=True)
class ViewOpened:
    """A modal was put on top of what `view.user` sees."""

    view: View


@dataclass(frozen=True, slots=True)
class ViewUpdated:
    """An open modal changed: content, state or errors."""

    view: View


@dataclass(frozen=True, slots=True)
class ViewClosed:
    """A modal went away; the one below it, if any, is now on top."""

    view: View


@dataclass(frozen=True, slots=True)
class HomePublished:
    """A person's App Home was published or changed."""

    view: View


@dataclass(frozen=True, slots=True)
class ChannelAdded:
    """A conversation was opened."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelUpdated:
    """A channel's topic changed."""

    channel: Channel


Change: TypeAlias = (
    MessagePosted
    | MessageUpdated
    | MessageDeleted
    | ViewOpened
    | ViewUpdated
    | ViewClosed
    | HomePublished
    | ChannelAdded
    | ChannelUpdated
)


class Changes:
    """Subscribers, called in order on the workspace's event loop, after the change is in place."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Change], None]] = []

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call `callback` with every change from now on; the returned function ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def publish(self, change: Change) -> None:
        """Tell every subscriber."""
        for callback in tuple(self._subscribers):
            callback(change)
