"""auth.test, api.test, apps.connections.open and blocks.validate."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method
from sandbox.blockkit import Violation, check_blocks, check_message, check_view
from sandbox.delivery.sockets import TooManySockets
from sandbox.errors import SlackError
from sandbox.rates import Tier


def auth_test(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    workspace = call.workspace
    return {
        "url": f"{call.base_url}/",
        "team": workspace.team.name,
        "user": workspace.app.name.lower(),
        "team_id": workspace.team.id,
        "user_id": workspace.app.bot_user_id,
        "bot_id": workspace.app.bot_id,
        "app_id": workspace.app.app_id,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> dict[str, Any]:
    """Echo the arguments, or fail with the `error` that was asked for."""
    error = call.optional("error")
    if error is not None:
        raise SlackError(error, args=dict(call.arguments))
    return {"args": dict(call.arguments)}


def open_connection(call: Call) -> dict[str, Any]:
    """A WebSocket address for Socket Mode, good for one connection."""
    try:
        ticket = call.sockets.issue_ticket()
    except TooManySockets:
        raise SlackError("too_many_websockets") from None
    address = call.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={ticket}&app_id={call.workspace.app.app_id}"}


def validate_blocks(call: Call) -> dict[str, Any]:
    """Judge blocks, a message or a view without using them; that counts as no violation of the app."""
    given = [name for name in ("blocks", "message", "view") if call.arguments.get(name)]
    if len(given) != 1:
        raise SlackError("invalid_arguments", ["must provide exactly one of `blocks`, `view`, or `message`"])
    payload = call.json(given[0])
    match given[0]:
        case "blocks":
            violations = check_blocks(payload, "message")
        case "message":
            violations = check_message(payload if isinstance(payload, dict) else {"blocks": payload})
        case _:
            violations = check_view(payload)
    if violations:
        errors = [_validation_error(violation, given[0]) for violation in violations]
        raise SlackError(f"invalid_{given[0]}", errors=errors)
    return {}


def _validation_error(violation: Violation, given: str) -> dict[str, Any]:
    pointer = violation.pointer.removeprefix("/blocks") if given == "blocks" else violation.pointer
    constraint = {"type": violation.rule, "source": violation.source}
    return {"code": "failed_constraint", "message": violation.message, "pointer": pointer, "constraint": constraint}


METHODS = (
    Method(name="auth.test", run=auth_test, tier=Tier.SPECIAL),
    Method(name="api.test", run=api_test, tier=Tier.FOUR, token="none"),
    Method(name="apps.connections.open", run=open_connection, tier=Tier.TWO, token="app"),
    Method(name="blocks.validate", run=validate_blocks, tier=Tier.FOUR),
)
