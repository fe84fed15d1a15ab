"""One Slack workspace in memory: who is there, what was said, which views are open, and who may ask for what."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Iterable
from dataclasses import replace
from random import Random, SystemRandom
from typing import Any

from sandbox.blockkit import Violation
from sandbox.changes import Changes, ChannelAdded, ChannelUpdated
from sandbox.clock import Clock, MovableClock, Timestamps
from sandbox.faults import Faults
from sandbox.filling import filled_attachments, filled_blocks
from sandbox.identifiers import Credentials, block_id, identifier, random_credentials
from sandbox.manifest import Manifest
from sandbox.messages import Messages
from sandbox.model import SLACKBOT_ID, AppIdentity, Channel, Json, Message, SharedFile, Team, User
from sandbox.people import Community, default_community
from sandbox.rates import RateLimiter
from sandbox.scheduled import Schedule
from sandbox.triggers import ResponseUrls, Triggers
from sandbox.views import Views
from sandbox.wire import WireLog


class Workspace:
    """The state of one workspace that serves one app. Used from one event loop only."""

    def __init__(
        self,
        *,
        manifest: Manifest | None = None,
        community: Community | None = None,
        credentials: Credentials | None = None,
        rates: bool = True,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        """Start empty. `rates` False switches rate limits off; everything not passed in gets a working default.

        The default clock tells the time, and can be moved ahead.
        """
        clock = clock or MovableClock(time.time)
        self.manifest = manifest or Manifest()
        self.clock = clock
        self.random = random or SystemRandom()
        self.team = Team(id="T0SANDBOX1", name="Sandbox", domain="sandbox")
        self.app = AppIdentity(
            app_id="A0SANDBOX1", bot_id="B0SANDBOX1", bot_user_id="U0SANDBOXBOT", name=self.manifest.name
        )
        self.credentials = credentials or random_credentials(self.random, self.app.app_id)
        self.changes = Changes()
        self.wire = WireLog()
        self.faults = Faults()
        self.rates = RateLimiter(clock, enabled=rates)
        self.base_url = ""
        """Where the workspace is served, without a trailing slash; empty before."""
        self.violations: list[Violation] = []
        """Every broken Block Kit rule in what the app sent, oldest first."""
        self.timestamps = Timestamps(clock)
        self.messages = Messages(self.timestamps, self.changes)
        self.views = Views(self.timestamps, self.random, self.changes)
        self.triggers = Triggers(clock, self.random)
        self.response_urls = ResponseUrls(clock, self.random)
        self.schedule = Schedule(clock, self.random)
        self.files: dict[str, SharedFile] = {}
        community = community or default_community()
        self.users: dict[str, User] = {user.id: user for user in community.users}
        self.groups = {group.id: group for group in community.groups}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in community.channels}
        everyone = {*self.users, self.app.bot_user_id}
        self.members: dict[str, set[str]] = {channel.id: set(everyone) for channel in community.channels}

    def find_user(self, reference: str) -> User | None:
        """A person by id, handle with or without @, full name, or (the first one with that) role."""
        wanted = reference.removeprefix("@").casefold()
        for names in (lambda u: (u.id, u.name, u.real_name), lambda u: (u.role,)):
            for user in self.users.values():
                if wanted in (name.casefold() for name in names(user)):
                    return user
        return None

    def find_channel(self, reference: str) -> Channel | None:
        """A channel by id, or by name with or without #."""
        wanted = reference.removeprefix("#").casefold()
        for channel in self.channels.values():
            if wanted == channel.id.casefold() or (not channel.is_im and wanted == channel.name.casefold()):
                return channel
        return None

    def direct_channel(self, user: str) -> Channel:
        """The direct conversation between this person and the app, opened when there is none yet."""
        for channel in self.channels.values():
            if channel.is_im and channel.user == user:
                return channel
        opened = Channel(id=identifier(self.random, "D"), name="directmessage", is_im=True, user=user)
        self.channels[opened.id] = opened
        self.members[opened.id] = {user, self.app.bot_user_id}
        self.changes.publish(ChannelAdded(opened))
        return opened

    def set_topic(self, channel: Channel, topic: str) -> Channel:
        """Change the channel's topic."""
        updated = replace(channel, topic=topic)
        self.channels[channel.id] = updated
        self.changes.publish(ChannelUpdated(updated))
        return updated

    def channels_of(self, user: str) -> list[Channel]:
        """The conversations that this person is in."""
        return [channel for channel in self.channels.values() if user in self.members[channel.id]]

    def post_as_app(self, **content: Any) -> Message:
        """Post what the app sent, once it is known to be valid. `content` is what `draft_of_app` takes."""
        return self.messages.post(self.draft_of_app(**content))

    def post_scheduled(self) -> None:
        """Post the scheduled messages whose time has come."""
        for draft in self.schedule.take_due():
            self.messages.post(draft)

    def draft_of_app(
        self,
        *,
        channel: str,
        text: str,
        blocks: Iterable[Json] = (),
        attachments: Iterable[Json] = (),
        thread_ts: str | None = None,
        ephemeral_to: str | None = None,
        metadata: Json | None = None,
        username: str | None = None,
        files: Iterable[SharedFile] = (),
        reply_broadcast: bool = False,
    ) -> Message:
        """The app's message before it is posted: without a timestamp."""
        return Message(
            channel=channel,
            ts="",
            user=self.app.bot_user_id,
            bot_id=self.app.bot_id,
            text=text,
            blocks=self.filled(blocks),
            attachments=self.filled_attachments(attachments),
            thread_ts=thread_ts,
            ephemeral_to=ephemeral_to,
            metadata=metadata,
            username=username,
            files=tuple(files),
            reply_broadcast=reply_broadcast,
        )

    def add_file(self, name: str, content: bytes, user: str) -> SharedFile:
        """Keep a file of this person's, or the announcement of one when it has no content yet."""
        file = SharedFile(
            id=identifier(self.random, "F"),
            name=name,
            title=name,
            mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
            size=len(content),
            user=user,
            created=int(self.clock()),
            content=content,
        )
        self.files[file.id] = file
        return file

    def tell(self, channel: str, user: str, text: str) -> Message:
        """Slackbot's words to one person."""
        return self.messages.post(Message(channel=channel, ts="", user=SLACKBOT_ID, text=text, ephemeral_to=user))

    def filled(self, blocks: Iterable[Json]) -> tuple[Json, ...]:
        """The blocks with the ids that Slack gives to those without."""
        return tuple(filled_blocks(tuple(blocks), lambda: block_id(self.random)))

    def filled_attachments(self, attachments: Iterable[Json]) -> tuple[Json, ...]:
        """The attachments numbered, their blocks with ids."""
        return tuple(filled_attachments(tuple(attachments), lambda: block_id(self.random)))
