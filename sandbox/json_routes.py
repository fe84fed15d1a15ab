"""JSON endpoints: a body in, an object out, and what is impossible as a 4xx that says why."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.outcome import Impossible
from sandbox.payloads import Payload

Handler = Callable[[Request], Awaitable[Payload]]


def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a handler."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except Impossible as problem:
            body = {"ok": False, "error": problem.error, "detail": problem.detail, **problem.more}
            return JSONResponse(body, problem.status)

    return endpoint


async def json_body(request: Request, *required: str) -> dict[str, Any]:
    """The body's object. Raises Impossible when it is none, or lacks a required field."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise Impossible(400, "invalid_json", "the body is no JSON") from None
    missing = [name for name in required if not (isinstance(body, dict) and body.get(name))]
    if missing:
        raise Impossible(400, "invalid_arguments", f"missing: {', '.join(missing)}")
    return dict(body)
