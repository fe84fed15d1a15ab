"""What an app's answer to an act changes: a reply to a command, errors or the next view for a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.blockkit import Violation
from sandbox.errors import SlackError
from sandbox.model import Json, View
from sandbox.outcome import Outcome
from sandbox.outgoing import message_content, view_content
from sandbox.views import MAX_STACK
from sandbox.workspace import Workspace

_SOURCE = "docs: surfaces/modals#response_actions"


def apply_command_response(workspace: Workspace, channel: str, user: str, outcome: Outcome) -> Outcome:
    """Show what a command was answered with: to the person alone unless `response_type` is `in_channel`."""
    body = outcome.response
    if not (body.get("text") or body.get("blocks") or body.get("attachments")):
        return outcome
    try:
        content = message_content(workspace, body)
    except SlackError:
        return replace(outcome, error="invalid_command_response")
    in_channel = body.get("response_type") == "in_channel"
    message = workspace.post_as_app(
        channel=channel,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        ephemeral_to=None if in_channel else user,
    )
    return replace(outcome, message=message)


def apply_submission_response(workspace: Workspace, view: View, outcome: Outcome) -> Outcome:
    """Close the submitted modal, or do what the answer's `response_action` says."""
    errors: Mapping[str, str] = {}
    if outcome.acknowledged:
        try:
            errors = _respond(workspace, view, outcome.response)
        except SlackError:
            outcome = replace(outcome, error="invalid_response")
    stack = workspace.views.stack(view.user)
    return replace(outcome, errors=errors, view=stack[-1] if stack else None)


def _respond(workspace: Workspace, view: View, body: Mapping[str, Any]) -> Mapping[str, str]:
    current = workspace.views.get(view.id)
    match body.get("response_action"):
        case "errors":
            errors = _judged_errors(workspace, view, body.get("errors"))
            if current is not None:
                workspace.views.reject(current, errors)
            return errors
        case "update" | "push" as change:
            _show(workspace, change, view, view_content(workspace, body.get("view"), "modal"))
        case "clear":
            workspace.views.close_all(view.user)
        case None if current is not None:
            workspace.views.close(current)
        case None:
            pass
        case unknown:
            _refuse(workspace, "/response_action", "response_action.known", f"unknown action {unknown!r}")
    return {}


def _show(workspace: Workspace, change: str, view: View, content: Json) -> None:
    current = workspace.views.get(view.id)
    if current is None:
        return
    if change == "update":
        workspace.views.update(current, content)
    elif len(workspace.views.stack(view.user)) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    else:
        workspace.views.push(view.user, content)


def _judged_errors(workspace: Workspace, view: View, errors: Any) -> dict[str, str]:
    if not isinstance(errors, dict) or not errors:
        _refuse(workspace, "/errors", "response_action.errors", "must name at least one block id")
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    for block_id in errors:
        if block_id not in inputs:
            _refuse(workspace, f"/errors/{block_id}", "response_action.errors.block_id", "is no input block here")
    return {block_id: str(text) for block_id, text in errors.items()}


def _refuse(workspace: Workspace, pointer: str, rule: str, message: str) -> None:
    workspace.violations.append(Violation(pointer, rule, message, _SOURCE))
    raise SlackError("invalid_arguments", [f"{message} [json-pointer:{pointer}]"])
