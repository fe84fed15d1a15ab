"""What Slack sends to an app when a person acts. Source: docs, reference/interaction-payloads and /events."""

from __future__ import annotations

from typing import Any

from sandbox.elements import Placed, placed_elements
from sandbox.identifiers import identifier
from sandbox.model import Channel, Json, Message, StateValues, User, View
from sandbox.payloads import VERIFICATION_TOKEN, Payload, message_json, view_json
from sandbox.workspace import Workspace


class Interactions:
    """Builds payloads; each build issues the trigger id and response URL that it carries."""

    def __init__(self, workspace: Workspace, base_url: str) -> None:
        self._workspace = workspace
        self._base_url = base_url

    def slash_command(self, user: User, channel: Channel, command: str, text: str) -> Payload:
        """The form of a slash command."""
        workspace = self._workspace
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": workspace.team.id,
            "team_domain": workspace.team.domain,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": workspace.app.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url("commands", workspace.response_urls.issue(channel.id, user.id)),
            "trigger_id": workspace.triggers.issue(user.id),
        }

    def message_action(
        self, user: User, channel: Channel, message: Message, action: Json, values: StateValues
    ) -> Payload:
        """block_actions on an element of a message."""
        workspace = self._workspace
        container = _message_container(message, str(action["block_id"]))
        if message.thread_ts is not None:
            container["thread_ts"] = message.thread_ts
        target = workspace.response_urls.issue(channel.id, user.id, message.ts, message.thread_ts)
        body = self._interaction("block_actions", user, None) | {
            "container": container,
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": values},
            "response_url": self._response_url("actions", target),
            "actions": [action],
        }
        if message.ephemeral_to is None:
            body["message"] = message_json(workspace, message)
        return body

    def view_action(self, user: User, view: View, action: Json) -> Payload:
        """block_actions on an element of a modal or App Home."""
        return self._interaction("block_actions", user, view) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view_json(self._workspace, view),
            "actions": [action],
        }

    def view_submission(self, user: User, view: View) -> Payload:
        """A modal was submitted."""
        return self._interaction("view_submission", user, view) | {
            "view": view_json(self._workspace, view),
            "response_urls": [],
        }

    def view_closed(self, user: User, view: View, *, is_cleared: bool) -> Payload:
        """A modal was closed by the person; carries no trigger."""
        body = self._person("view_closed", user)
        return body | {"view": view_json(self._workspace, view), "is_cleared": is_cleared}

    def suggestion(
        self, user: User, placed: Placed, query: str, *, view: View | None, message: Message | None
    ) -> Payload:
        """An external select asks for options."""
        body = self._person("block_suggestion", user) | {
            "action_id": placed.action_id,
            "block_id": placed.block_id,
            "value": query,
        }
        if view is not None:
            body["container"] = {"type": "view", "view_id": view.id}
            body["view"] = view_json(self._workspace, view)
        if message is not None:
            channel = self._workspace.channels[message.channel]
            body["container"] = _message_container(message, placed.block_id)
            body["channel"] = {"id": channel.id, "name": channel.name}
            body["message"] = message_json(self._workspace, message)
        return body

    def event(self, event: Payload) -> Payload:
        """An event in the envelope of the Events API."""
        workspace = self._workspace
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": workspace.team.id,
            "context_team_id": workspace.team.id,
            "api_app_id": workspace.app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": identifier(workspace.random, "Ev"),
            "event_time": int(workspace.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team.id,
                    "user_id": workspace.app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def action(self, placed: Placed, details: Json) -> Json:
        """One entry of `actions`, stamped."""
        entry: dict[str, Any] = {
            "type": placed.type,
            "action_id": placed.action_id,
            "block_id": placed.block_id,
            "action_ts": self._workspace.timestamps.next(),
        }
        for copied in ("text", "value", "style", "placeholder", "confirm"):
            if copied in placed.element:
                entry[copied] = placed.element[copied]
        return entry | details

    def _interaction(self, kind: str, user: User, view: View | None) -> Payload:
        trigger_id = self._workspace.triggers.issue(user.id, view.id if view else None)
        return self._person(kind, user) | {"trigger_id": trigger_id}

    def _person(self, kind: str, user: User) -> Payload:
        workspace = self._workspace
        return {
            "type": kind,
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": workspace.team.id,
            },
            "api_app_id": workspace.app.app_id,
            "token": VERIFICATION_TOKEN,
            "team": {"id": workspace.team.id, "domain": workspace.team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _response_url(self, kind: str, target_id: str) -> str:
        return f"{self._base_url}/{kind}/{self._workspace.team.id}/{target_id}"


def _message_container(message: Message, block_id: str) -> Json:
    """Where in the message the element is: in its own blocks, or in those of an attachment."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    for attachment in message.attachments:
        ids = {placed.block_id for placed in placed_elements(attachment.get("blocks") or ())}
        if block_id in ids:
            more = {"type": "message_attachment", "attachment_id": attachment["id"], "is_app_unfurl": False}
            return container | more
    return container
