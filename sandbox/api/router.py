"""From an HTTP request to a method and back: bodies, tokens, scopes, rates, errors, the wire log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.api import basics, chat, conversations, files, pins, reactions, scheduling, users, views
from sandbox.api.faulty import respond_with_faults
from sandbox.api.method import Call, Method, missing_scope
from sandbox.delivery.sockets import SocketTransport
from sandbox.errors import SlackError
from sandbox.rates import RateLimited
from sandbox.wire import Exchange
from sandbox.workspace import Workspace

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for methods in (
            basics.METHODS,
            chat.METHODS,
            conversations.METHODS,
            files.METHODS,
            pins.METHODS,
            reactions.METHODS,
            scheduling.METHODS,
            users.METHODS,
            views.METHODS,
        )
        for method in methods
    }
)


class WebApi:
    """Answers every call under `/api/`."""

    def __init__(self, workspace: Workspace, sockets: SocketTransport, base_url: str) -> None:
        self._workspace = workspace
        self._sockets = sockets
        self._base_url = base_url

    async def answer(self, request: Request) -> Response:
        """Run the method that the path names."""
        started = self._workspace.clock()
        name = request.path_params["method"]
        arguments, token = await _arguments(request)
        response = await respond_with_faults(
            self._workspace.faults, name, request, lambda: self._respond(name, arguments, token)
        )
        self._workspace.wire.record(
            Exchange(
                started=started,
                seconds=self._workspace.clock() - started,
                sender="app",
                via="http",
                name=name,
                request=json.dumps(arguments, default=str),
                status=None if response is None else response.status_code,
                reply="" if response is None else bytes(response.body).decode(),
            )
        )
        return response or Response()

    def _respond(self, name: str, arguments: dict[str, Any] | None, token: str | None) -> JSONResponse:
        headers = self._scope_headers(METHODS.get(name))
        try:
            if arguments is None:
                raise SlackError("invalid_json")
            return JSONResponse({"ok": True} | self._run(name, arguments, token), headers=headers)
        except SlackError as error:
            return JSONResponse(error.reply(), headers=headers)
        except RateLimited as limited:
            body = {"ok": False, "error": "ratelimited"}
            return JSONResponse(body, 429, headers | {"Retry-After": str(limited.retry_after)})

    def _run(self, name: str, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._authorize(method, token)
        self._workspace.rates.count_call(method.name, method.tier)
        return method.run(Call(self._workspace, self._sockets, self._base_url, arguments))

    def _authorize(self, method: Method, token: str | None) -> None:
        if method.token == "none":
            return
        credentials = self._workspace.credentials
        if not token:
            raise SlackError("not_authed")
        if token not in (credentials.bot_token, credentials.app_token):
            raise SlackError("invalid_auth")
        if (token == credentials.app_token) != (method.token == "app"):
            raise SlackError("not_allowed_token_type")
        granted = self._workspace.manifest.bot_scopes
        if method.scopes and granted is not None and not granted.intersection(method.scopes):
            raise missing_scope(method.scopes, granted)

    def _scope_headers(self, method: Method | None) -> dict[str, str]:
        granted = self._workspace.manifest.bot_scopes
        headers = {} if granted is None else {"X-OAuth-Scopes": ",".join(sorted(granted))}
        if method is not None and method.scopes:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return headers


async def _arguments(request: Request) -> tuple[dict[str, Any] | None, str | None]:
    """The arguments (None when the body is no JSON object) and the token."""
    header = request.headers.get("authorization", "")
    token = header[len("Bearer ") :].strip() if header.lower().startswith("bearer ") else None
    arguments: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            return None, token
        if not isinstance(body, dict):
            return None, token
        return arguments | {key: value for key, value in body.items() if key != "token"}, token
    async with request.form() as form:
        arguments |= dict(form)
    posted_token = arguments.pop("token", None)
    return arguments, token or posted_token
