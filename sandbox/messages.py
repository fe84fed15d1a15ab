"""The messages of all channels, in order."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from sandbox.changes import Changes, MessageDeleted, MessagePosted, MessageUpdated
from sandbox.clock import Timestamps
from sandbox.model import Message, StateValues

EMOJI_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


class Messages:
    """Posts, edits and deletes messages, and publishes each change."""

    def __init__(self, timestamps: Timestamps, changes: Changes) -> None:
        self._timestamps = timestamps
        self._changes = changes
        self._by_channel: dict[str, dict[str, Message]] = defaultdict(dict)
        self._entered: dict[tuple[str, str, str], StateValues] = {}

    def post(self, draft: Message) -> Message:
        """Add the draft under a timestamp of its own (the draft's is ignored) and count it in its thread."""
        message = replace(draft, ts=self._timestamps.next())
        self._by_channel[message.channel][message.ts] = message
        self._changes.publish(MessagePosted(message))
        if message.thread_ts is not None and message.ephemeral_to is None:
            self._recount(message.channel, message.thread_ts)
        return message

    def edit(self, message: Message, **changed: Any) -> Message:
        """Replace the named fields and mark the message as edited."""
        return self.change(message, edited=self._timestamps.next(), **changed)

    def change(self, message: Message, **changed: Any) -> Message:
        """Replace the named fields without an edit mark."""
        updated = replace(message, **changed)
        self._by_channel[message.channel][message.ts] = updated
        self._changes.publish(MessageUpdated(updated, message))
        return updated

    def react(self, message: Message, name: str, user: str) -> bool:
        """Add this person's reaction; False when it is there already."""
        reactions = dict(message.reactions)
        if user in reactions.get(name, ()):
            return False
        reactions[name] = (*reactions.get(name, ()), user)
        self.change(message, reactions=tuple(reactions.items()))
        return True

    def unreact(self, message: Message, name: str, user: str) -> bool:
        """Take this person's reaction away; False when there is none."""
        reactions = dict(message.reactions)
        if user not in reactions.get(name, ()):
            return False
        left = tuple(other for other in reactions.pop(name) if other != user)
        if left:
            reactions[name] = left
        self.change(message, reactions=tuple(reactions.items()))
        return True

    def delete(self, message: Message) -> None:
        """Remove the message; its thread, if it was a reply, counts anew."""
        del self._by_channel[message.channel][message.ts]
        self._changes.publish(MessageDeleted(message))
        if message.thread_ts is not None and message.ephemeral_to is None:
            self._recount(message.channel, message.thread_ts)

    def get(self, channel: str, ts: str) -> Message | None:
        """The message as it is now, ephemeral ones included."""
        return self._by_channel[channel].get(ts)

    def in_channel(self, channel: str) -> list[Message]:
        """Every message of the channel, oldest first."""
        return list(self._by_channel[channel].values())

    def seen_by(self, channel: str, user: str) -> list[Message]:
        """What this person sees in the channel and its threads, oldest first."""
        return [message for message in self.in_channel(channel) if message.is_seen_by(user)]

    def replies(self, channel: str, thread_ts: str) -> list[Message]:
        """The replies of a thread that are in its history, oldest first."""
        return [
            message
            for message in self.in_channel(channel)
            if message.thread_ts == thread_ts and message.ts != thread_ts and message.ephemeral_to is None
        ]

    def entered(self, message: Message, user: str) -> StateValues:
        """What this person has chosen in the message's inputs and menus."""
        return self._entered.get((message.channel, message.ts, user), {})

    def enter(self, message: Message, user: str, values: StateValues) -> None:
        """Remember what this person has chosen."""
        self._entered[message.channel, message.ts, user] = values

    def _recount(self, channel: str, thread_ts: str) -> None:
        parent = self.get(channel, thread_ts)
        if parent is None:
            return
        replies = self.replies(channel, thread_ts)
        self.change(
            parent,
            reply_count=len(replies),
            latest_reply=replies[-1].ts if replies else None,
            reply_users=tuple(dict.fromkeys(reply.user for reply in replies)),
        )
