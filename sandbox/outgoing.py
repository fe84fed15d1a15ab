"""What the app sends, judged before it takes effect: by whichever way it came, the same rules hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.blockkit import MAX_MARKDOWN_CHARACTERS, Violation, check_message, check_view, scope_violations
from sandbox.errors import SlackError
from sandbox.model import Json, Message
from sandbox.workspace import Workspace

MAX_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a valid message says."""

    text: str
    blocks: tuple[Json, ...]
    attachments: tuple[Json, ...]


def message_content(
    workspace: Workspace, message: Mapping[str, Any], *, max_text: int | None = None, may_be_empty: bool = False
) -> Content:
    """Judge a message's text, blocks and attachments.

    A text longer than `max_text` is refused; without it, it is cut at 40,000 characters, as Slack does without a word.
    Raises SlackError: no_text, msg_too_long, msg_blocks_too_long, invalid_blocks.
    """
    text = message.get("text") or ""
    blocks = decoded(message.get("blocks"), "invalid_blocks_format") or []
    attachments = decoded(message.get("attachments"), "invalid_attachments") or []
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", ["text must be a string [json-pointer:/text]"])
    if message.get("markdown_text"):
        text, blocks = _markdown(message["markdown_text"], text or blocks)
    if not (text or blocks or attachments or may_be_empty):
        raise SlackError("no_text")
    if max_text is not None and len(text) > max_text:
        raise SlackError("msg_too_long")
    violations = check_message({"text": text, "blocks": blocks, "attachments": attachments})
    violations += scope_violations(blocks, workspace.manifest.bot_scopes)
    workspace.violations.extend(violations)
    if any(violation.rule == "message.characters" for violation in violations):
        raise SlackError("msg_blocks_too_long")
    if violations:
        raise SlackError("invalid_blocks", [str(violation) for violation in violations])
    return Content(text=text[:MAX_TEXT], blocks=tuple(blocks), attachments=tuple(attachments))


def _markdown(markdown: Any, other: Any) -> tuple[str, list[Json]]:
    if other:
        raise SlackError("markdown_text_conflict")
    if not isinstance(markdown, str) or len(markdown) > MAX_MARKDOWN_CHARACTERS:
        raise SlackError("msg_too_long")
    return markdown, [{"type": "markdown", "text": markdown}]


def view_content(workspace: Workspace, view: Any, expected_type: str) -> Json:
    """Judge a view. Raises SlackError: invalid_arguments with pointers into the view."""
    content = decoded(view, "invalid_arguments")
    violations = check_view(content)
    if not violations and content["type"] != expected_type:
        message = f"must be a valid {expected_type} view"
        violations = [Violation("/type", "view.type.surface", message, "docs: methods/views")]
    if not violations:
        violations = scope_violations(content["blocks"], workspace.manifest.bot_scopes)
    workspace.violations.extend(violations)
    if violations:
        messages = [f"{violation.message} [json-pointer:/view{violation.pointer}]" for violation in violations]
        raise SlackError("invalid_arguments", messages)
    return dict(content)


def rewrite(workspace: Workspace, message: Message, content: Content, **changed: Any) -> Message:
    """Edit a message to the content; a text without blocks takes the blocks away."""
    return workspace.messages.edit(
        message,
        text=content.text,
        blocks=workspace.filled(content.blocks),
        attachments=workspace.filled_attachments(content.attachments),
        **changed,
    )


def decoded(value: Any, error: str) -> Any:
    """A JSON argument, which may come as JSON or as a string of JSON. Raises SlackError with the code `error`."""
    if not isinstance(value, str):
        return value
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None
