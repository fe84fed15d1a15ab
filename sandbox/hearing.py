"""What the app hears of conversations it is in. Source: docs, reference/events."""

from __future__ import annotations

from sandbox.changes import Change, MessageDeleted, MessagePosted, MessageUpdated
from sandbox.delivery.events import EventQueue
from sandbox.interactions import Interactions
from sandbox.model import Channel, Message
from sandbox.payloads import Payload, message_json
from sandbox.workspace import Workspace


class Hearing:
    """Turns what is said, edited, deleted, marked and pinned into events, as far as the app subscribed to them."""

    def __init__(self, workspace: Workspace, interactions: Interactions, events: EventQueue) -> None:
        self._workspace = workspace
        self._interactions = interactions
        self._events = events
        self.close = workspace.changes.subscribe(self._hear)
        """Hear no more."""

    def _hear(self, change: Change) -> None:
        match change:
            case MessagePosted(message) if message.ephemeral_to is None:
                self._posted(message)
            case MessageUpdated(message, previous) if previous is not None and message.ephemeral_to is None:
                self._updated(message, previous)
            case MessageDeleted(message) if message.ephemeral_to is None:
                self._send_message(message, self._deleted(message))

    def _posted(self, message: Message) -> None:
        event = message_json(self._workspace, message) | {"team": self._workspace.team.id}
        if message.files:
            event["subtype"] = "file_share"
        self._send_message(message, event | {"event_ts": message.ts})
        app = self._workspace.app
        if message.user != app.bot_user_id and f"<@{app.bot_user_id}>" in message.text:
            event = {**event, "type": "app_mention", "channel": message.channel, "event_ts": message.ts}
            self._send(message, "app_mention", event)

    def _updated(self, message: Message, previous: Message) -> None:
        if message.edited != previous.edited:
            self._send_message(message, self._changed(message, previous))
        now, before = _reactions(message), _reactions(previous)
        for name, user in now - before:
            self._send(message, "reaction_added", self._reaction("reaction_added", message, name, user))
        for name, user in before - now:
            self._send(message, "reaction_removed", self._reaction("reaction_removed", message, name, user))
        if message.pinned != previous.pinned:
            kind = "pin_added" if message.pinned else "pin_removed"
            self._send(message, kind, self._pin(kind, message))

    def _reaction(self, kind: str, message: Message, name: str, user: str) -> Payload:
        return {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": message.channel, "ts": message.ts},
            "item_user": message.user,
            "event_ts": self._workspace.timestamps.next(),
        }

    def _pin(self, kind: str, message: Message) -> Payload:
        """Only the app can pin here."""
        app, channel = self._workspace.app.bot_user_id, message.channel
        pins = sum(entry.pinned for entry in self._workspace.messages.in_channel(channel))
        now = int(self._workspace.clock())
        event: Payload = {
            "type": kind,
            "user": app,
            "channel_id": channel,
            "item": {
                "type": "message",
                "channel": channel,
                "created": now,
                "created_by": app,
                "message": message_json(self._workspace, message),
            },
            "item_user": message.user,
            "pin_count": pins,
            "pinned_info": {"channel": channel, "pinned_by": app, "pinned_ts": now},
            "event_ts": self._workspace.timestamps.next(),
        }
        return event if message.pinned else event | {"has_pins": pins > 0}

    def _changed(self, message: Message, previous: Message) -> Payload:
        return self._hidden("message_changed") | {
            "message": message_json(self._workspace, message),
            "previous_message": message_json(self._workspace, previous),
        }

    def _deleted(self, message: Message) -> Payload:
        return self._hidden("message_deleted") | {
            "deleted_ts": message.ts,
            "previous_message": message_json(self._workspace, message),
        }

    def _hidden(self, subtype: str) -> Payload:
        now = self._workspace.timestamps.next()
        return {"type": "message", "subtype": subtype, "hidden": True, "ts": now, "event_ts": now}

    def _send_message(self, message: Message, event: Payload) -> None:
        kind = _kind(self._workspace.channels[message.channel])
        self._send(
            message,
            {"im": "message.im", "group": "message.groups"}.get(kind, "message.channels"),
            event | {"channel": message.channel, "channel_type": kind},
        )

    def _send(self, message: Message, subscription: str, event: Payload) -> None:
        is_there = self._workspace.app.bot_user_id in self._workspace.members[message.channel]
        if is_there and self._workspace.manifest.hears(subscription):
            self._events.put(self._interactions.event(event))


def _reactions(message: Message) -> set[tuple[str, str]]:
    return {(name, user) for name, users in message.reactions for user in users}


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "group" if channel.is_private else "channel"
