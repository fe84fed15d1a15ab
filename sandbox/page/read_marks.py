"""How far each person has read each channel, shared by all pages of one workspace."""

from __future__ import annotations

from sandbox.model import Message
from sandbox.workspace import Workspace


class ReadMarks:
    """The newest timestamp that each person has seen, by channel; nothing read means read up to the start."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._marks: dict[tuple[str, str], str] = {}

    def mark(self, user: str, channel: str) -> str:
        """The timestamp up to which this person has read; empty at first."""
        return self._marks.get((user, channel), "")

    def read(self, user: str, channel: str) -> None:
        """The person has seen all there is."""
        messages = self._workspace.messages.seen_by(channel, user)
        if messages:
            self._marks[user, channel] = messages[-1].ts

    def unread(self, user: str, channel: str) -> list[Message]:
        """What others wrote in the channel itself since the person looked."""
        mark = self.mark(user, channel)
        return [
            message
            for message in self._workspace.messages.seen_by(channel, user)
            if message.ts > mark and message.user != user and message.thread_ts in (None, message.ts)
        ]
