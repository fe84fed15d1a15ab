"""views.*: modals and App Homes."""

from __future__ import annotations

from typing import Any

from sandbox.api.method import Call, Method
from sandbox.errors import SlackError
from sandbox.model import Json, View
from sandbox.outgoing import view_content
from sandbox.payloads import view_json
from sandbox.rates import Tier
from sandbox.triggers import Trigger
from sandbox.views import MAX_STACK


def open_view(call: Call) -> dict[str, Any]:
    """Open a modal for the person who caused the trigger."""
    content = _modal(call)
    trigger = _trigger(call)
    return _reply(call, call.workspace.views.open(trigger.user, content))


def push(call: Call) -> dict[str, Any]:
    """Put a modal on top of the one that the trigger came from."""
    content = _modal(call)
    trigger = _trigger(call)
    stack = call.workspace.views.stack(trigger.user)
    if trigger.view_id not in [view.id for view in stack]:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    return _reply(call, call.workspace.views.push(trigger.user, content))


def update(call: Call) -> dict[str, Any]:
    """Replace an open view, named by its id or the app's own."""
    view = _named(call)
    content = view_content(call.workspace, _view(call), view.type)
    _require_hash(call, view)
    _require_free_external_id(call, content, view)
    return _reply(call, call.workspace.views.update(view, content))


def publish(call: Call) -> dict[str, Any]:
    """Set a person's App Home."""
    user = call.user("user_id")
    content = view_content(call.workspace, _view(call), "home")
    current = call.workspace.views.home(user.id)
    if current is not None:
        _require_hash(call, current)
    _require_free_external_id(call, content, current)
    return _reply(call, call.workspace.views.publish(user.id, content))


def _modal(call: Call) -> Json:
    content = view_content(call.workspace, _view(call), "modal")
    _require_free_external_id(call, content, None)
    return content


def _view(call: Call) -> Any:
    if call.arguments.get("view") is None:
        raise SlackError("invalid_arguments", ["missing required field: view"])
    return call.arguments["view"]


def _trigger(call: Call) -> Trigger:
    return call.workspace.triggers.exchange(call.text("trigger_id"))


def _named(call: Call) -> View:
    view_id, external_id = call.optional("view_id"), call.optional("external_id")
    if view_id is None and external_id is None:
        raise SlackError("invalid_arguments", ["missing required field: view_id or external_id"])
    views = call.workspace.views
    view = views.get(view_id) if view_id is not None else views.by_external_id(external_id or "")
    if view is None:
        raise SlackError("not_found")
    return view


def _require_hash(call: Call, view: View) -> None:
    if call.optional("hash") not in (None, view.hash):
        raise SlackError("hash_conflict")


def _require_free_external_id(call: Call, content: Json, view: View | None) -> None:
    taken = call.workspace.views.by_external_id(content.get("external_id") or "")
    if taken is not None and (view is None or taken.id != view.id):
        raise SlackError("duplicate_external_id")


def _reply(call: Call, view: View) -> dict[str, Any]:
    return {"view": view_json(call.workspace, view)}


METHODS = tuple(
    Method(name=f"views.{name}", run=run, tier=Tier.FOUR)
    for name, run in (("open", open_view), ("push", push), ("update", update), ("publish", publish))
)
