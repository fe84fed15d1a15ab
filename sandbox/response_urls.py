"""What an app posts to a response URL. Source: docs, interactivity/handling-user-interaction#message_responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.api.faulty import respond_with_faults
from sandbox.errors import SlackError
from sandbox.outgoing import message_content, rewrite
from sandbox.triggers import ResponseTarget
from sandbox.wire import Exchange
from sandbox.workspace import Workspace


class ResponseUrlEndpoint:
    """Answers posts to `/commands/…` and `/actions/…`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def answer(self, request: Request) -> Response:
        """Post, replace or delete as the body says."""
        started = self._workspace.clock()
        raw = await request.body()
        response = await respond_with_faults(
            self._workspace.faults, "response_url", request, lambda: self._respond(request.path_params["target"], raw)
        )
        self._workspace.wire.record(
            Exchange(
                started=started,
                seconds=self._workspace.clock() - started,
                sender="app",
                via="http",
                name="response_url",
                request=raw.decode(errors="replace"),
                status=None if response is None else response.status_code,
                reply="" if response is None else bytes(response.body).decode(),
            )
        )
        return response or Response()

    def _respond(self, target_id: str, raw: bytes) -> Response:
        try:
            target = self._workspace.response_urls.use(target_id)
        except SlackError as error:
            return JSONResponse(error.reply(), 404)
        try:
            body = json.loads(raw)
            if not isinstance(body, dict):
                raise SlackError("invalid_payload")
            write_response(self._workspace, target, body)
        except ValueError:
            return JSONResponse(SlackError("invalid_payload").reply(), 400)
        except SlackError as error:
            return JSONResponse(error.reply(), 400)
        return JSONResponse({"ok": True})


def write_response(workspace: Workspace, target: ResponseTarget, body: Mapping[str, Any]) -> None:
    """Do what a response says. Raises SlackError when it is invalid or there is nothing to replace."""
    acted_on = workspace.messages.get(target.channel, target.message_ts) if target.message_ts else None
    if body.get("delete_original"):
        if acted_on is None:
            raise SlackError("message_not_found")
        workspace.messages.delete(acted_on)
        return
    content = message_content(workspace, body)
    if body.get("replace_original"):
        if acted_on is None:
            raise SlackError("message_not_found")
        rewrite(workspace, acted_on, content)
        return
    workspace.post_as_app(
        channel=target.channel,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        thread_ts=body.get("thread_ts") or None,
        ephemeral_to=None if body.get("response_type") == "in_channel" else target.user,
    )
