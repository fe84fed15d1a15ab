"""Slack's JSON for the things in a workspace. Source: docs, reference/objects and reference/interaction-payloads."""

from __future__ import annotations

from typing import Any

from sandbox.model import AppIdentity, Channel, Message, SharedFile, User, UserGroup, View
from sandbox.pictures import picture_size
from sandbox.workspace import Workspace

Payload = dict[str, Any]

VERIFICATION_TOKEN = "verification-token-is-deprecated"


def message_json(workspace: Workspace, message: Message) -> Payload:
    """The message object of conversations.history and of interaction payloads."""
    body: Payload = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    if message.bot_id is not None:
        body |= {"bot_id": message.bot_id, "app_id": workspace.app.app_id, "team": workspace.team.id}
        body["bot_profile"] = _bot_profile(workspace.app, workspace.team.id)
    if message.username is not None:
        body["username"] = message.username
    if message.edited is not None:
        body["edited"] = {"user": message.user, "ts": message.edited}
    return body | _content_json(workspace, message) | _marks_json(message) | _thread_json(message)


def _content_json(workspace: Workspace, message: Message) -> Payload:
    parts: Payload = {
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "metadata": message.metadata,
        "files": [file_json(workspace, file) for file in message.files],
    }
    return {key: part for key, part in parts.items() if part}


def _marks_json(message: Message) -> Payload:
    marks: Payload = {}
    if message.pinned:
        marks["pinned_to"] = [message.channel]
    if message.reactions:
        marks["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions
        ]
    return marks


def _thread_json(message: Message) -> Payload:
    if message.thread_ts is not None:
        return {"thread_ts": message.thread_ts}
    if message.reply_count:
        return {
            "thread_ts": message.ts,
            "reply_count": message.reply_count,
            "reply_users": list(message.reply_users),
            "reply_users_count": len(message.reply_users),
            "latest_reply": message.latest_reply,
        }
    return {}


def _bot_profile(app: AppIdentity, team_id: str) -> Payload:
    return {
        "id": app.bot_id,
        "app_id": app.app_id,
        "user_id": app.bot_user_id,
        "name": app.name,
        "deleted": False,
        "team_id": team_id,
    }


def view_json(workspace: Workspace, view: View) -> Payload:
    """The view object, with the state of every input."""
    content = view.content
    body: Payload = {
        "id": view.id,
        "team_id": workspace.team.id,
        "type": view.type,
        "blocks": view.blocks,
        "private_metadata": view.private_metadata,
        "callback_id": view.callback_id,
        "state": {"values": view.state},
        "hash": view.hash,
        "title": content.get("title"),
        "submit": content.get("submit"),
        "close": content.get("close"),
        "clear_on_close": view.clear_on_close,
        "notify_on_close": view.notify_on_close,
        "previous_view_id": view.previous_view_id,
        "root_view_id": view.root_view_id,
        "external_id": view.external_id,
        "app_id": workspace.app.app_id,
        "app_installed_team_id": workspace.team.id,
        "bot_id": workspace.app.bot_id,
    }
    if view.type == "home":
        body["title"] = {"type": "plain_text", "text": "View Title", "emoji": True}
    return body


def user_json(workspace: Workspace, user: User) -> Payload:
    """The user object of users.info."""
    team_id = user.team_id or workspace.team.id
    return {
        "id": user.id,
        "team_id": team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "title": user.role,
            "team": team_id,
        },
        "is_bot": user.is_bot,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_stranger": user.is_stranger,
        "is_admin": False,
        "is_app_user": False,
    }


def app_user_json(workspace: Workspace) -> Payload:
    """The user object of the app itself."""
    app = workspace.app
    return {
        "id": app.bot_user_id,
        "team_id": workspace.team.id,
        "name": app.name.lower(),
        "deleted": False,
        "real_name": app.name,
        "profile": {"real_name": app.name, "bot_id": app.bot_id, "api_app_id": app.app_id},
        "is_bot": True,
    }


def channel_json(workspace: Workspace, channel: Channel) -> Payload:
    """The conversation object of conversations.info."""
    if channel.is_im:
        return {"id": channel.id, "is_im": True, "user": channel.user, "is_archived": False}
    members = workspace.members[channel.id]
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": False,
        "is_member": workspace.app.bot_user_id in members,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(members),
    }


def group_json(workspace: Workspace, group: UserGroup) -> Payload:
    """The user group object of usergroups.list."""
    return {
        "id": group.id,
        "team_id": workspace.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "user_count": len(group.users),
        "users": list(group.users),
    }


def file_json(workspace: Workspace, file: SharedFile) -> Payload:
    """The file object, with a preview for pictures."""
    address = f"{workspace.base_url}/files/{file.id}"
    body: Payload = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2],
        "size": file.size,
        "user": file.user,
        "mode": "hosted",
        "is_external": False,
        "url_private": address,
        "url_private_download": f"{address}?download=1",
        "permalink": address,
    }
    dimensions = picture_size(file.content)
    if dimensions is not None:
        body |= {"thumb_360": address, "original_w": dimensions[0], "original_h": dimensions[1]}
    return body
