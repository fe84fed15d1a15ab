"""files.*: an upload in three steps. Source: docs, messaging/working-with-files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.api.faulty import respond_with_faults
from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.model import SharedFile
from sandbox.outgoing import message_content
from sandbox.payloads import file_json
from sandbox.pictures import PREVIEWED
from sandbox.rates import Tier
from sandbox.workspace import Workspace


def get_upload_url(call: Call) -> dict[str, Any]:
    """Where to send the bytes of a file of this name and length."""
    name = call.text("filename")
    length = call.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", ["must be greater than 0 [json-pointer:/length]"])
    workspace = call.workspace
    file = replace(workspace.add_file(name, b"", workspace.app.bot_user_id), size=length)
    workspace.files[file.id] = file
    return {"upload_url": f"{call.base_url}/upload/v1/{file.id}", "file_id": file.id}


def complete_upload(call: Call) -> dict[str, Any]:
    """Finish uploads and, with `channel_id`, post them in one message."""
    entries = call.json("files")
    if not isinstance(entries, list) or not entries:
        raise SlackError("invalid_arguments", ["missing required field: files"])
    files = [_completed(call.workspace, entry) for entry in entries]
    if call.optional("channel_id") is not None:
        _share(call, files)
    return {"files": [file_json(call.workspace, file) for file in files]}


def _share(call: Call, files: list[SharedFile]) -> None:
    workspace, channel = call.workspace, call.joined_channel("channel_id")
    thread_ts = call.optional("thread_ts")
    if thread_ts is not None:
        call.message(channel, "thread_ts", "invalid_thread_ts")
    comment = {"text": call.optional("initial_comment"), "blocks": call.arguments.get("blocks")}
    content = message_content(workspace, comment, may_be_empty=True)
    workspace.rates.count_post(channel.id)
    workspace.post_as_app(
        channel=channel.id, text=content.text, blocks=content.blocks, thread_ts=thread_ts, files=files
    )


class FileEndpoint:
    """Takes the bytes of an upload, and gives them to a browser again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def receive(self, request: Request) -> Response:
        """Keep the bytes: the raw body, or the first part of a multipart body."""
        content = await _uploaded(request)
        response = await respond_with_faults(
            self._workspace.faults, "upload", request, lambda: self._keep(request.path_params["file"], content)
        )
        return response or Response()

    def _keep(self, file_id: str, content: bytes) -> Response:
        file = self._workspace.files.get(file_id)
        if file is None:
            return PlainTextResponse("no such upload", 404)
        if len(content) != file.size:
            return PlainTextResponse(f"announced {file.size} bytes, got {len(content)}", 400)
        self._workspace.files[file.id] = replace(file, content=content)
        return PlainTextResponse(f"OK - {len(content)}")

    async def send(self, request: Request) -> Response:
        """The bytes as they were uploaded, never as a page of this origin."""
        file = self._workspace.files.get(request.path_params["file"])
        if file is None:
            return PlainTextResponse("no such file", 404)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        if file.mimetype not in PREVIEWED or request.query_params.get("download"):
            headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(file.name, safe='')}"
        return Response(file.content, headers=headers, media_type=file.mimetype)


async def _uploaded(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        parts = [part for part in form.values() if isinstance(part, UploadFile)]
        return await parts[0].read() if parts else b""


def _completed(workspace: Workspace, entry: Any) -> SharedFile:
    file = workspace.files.get(entry.get("id", "")) if isinstance(entry, dict) else None
    if file is None:
        raise SlackError("file_not_found")
    if not file.content:
        raise SlackError("file_upload_not_complete")
    file = replace(file, title=entry.get("title") or file.name)
    workspace.files[file.id] = file
    return file


METHODS = (
    Method(name="files.getUploadURLExternal", run=get_upload_url, tier=Tier.FOUR, scopes=("files:write",)),
    Method(name="files.completeUploadExternal", run=complete_upload, tier=Tier.FOUR, scopes=("files:write",)),
)
