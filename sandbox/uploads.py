"""Files that people put into a file input. Source: docs, reference/block-kit/block-elements/file-input-element."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from sandbox.elements import Placed
from sandbox.fitting import Misfit
from sandbox.model import SharedFile, User
from sandbox.workspace import Workspace

MAX_BYTES = 10_000_000
DEFAULT_MAX_FILES = 10


def receive_files(workspace: Workspace, user: User, placed: Placed, value: Any) -> list[SharedFile]:
    """The files of one file input.

    `value` is one or several of: the id of a file of this person's, `{name, content}`, `{name, content_base64}`.
    Raises Misfit when there are too many, one is too large, or of a kind that is not taken.
    """
    entries = value if isinstance(value, list | tuple) else [] if value in (None, "") else [value]
    limit = placed.element.get("max_files", DEFAULT_MAX_FILES)
    if len(entries) > limit:
        raise Misfit(f"{placed.action_id}: at most {limit} files, not {len(entries)}")
    named = [_named(workspace, user, entry) for entry in entries]
    for name, content, _ in named:
        _judge(placed, name, content)
    return [file or workspace.add_file(name, content, user.id) for name, content, file in named]


def decoded_content(entry: Mapping[str, Any]) -> bytes:
    """The bytes of `content` (text) or `content_base64`. Raises Misfit."""
    if isinstance(entry.get("content"), str):
        return str(entry["content"]).encode()
    try:
        return base64.b64decode(entry["content_base64"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise Misfit("a file needs its content as text, or content_base64") from None


def _named(workspace: Workspace, user: User, entry: Any) -> tuple[str, bytes, SharedFile | None]:
    if isinstance(entry, Mapping) and isinstance(entry.get("name"), str) and "id" not in entry:
        return entry["name"], decoded_content(entry), None
    file = workspace.files.get(str(entry.get("id") if isinstance(entry, Mapping) else entry))
    if file is None or file.user != user.id:
        raise Misfit(f"{user.name} has no file {entry!r}; give an id, or an object with name and content")
    return file.name, file.content, file


def _judge(placed: Placed, name: str, content: bytes) -> None:
    kinds = [kind.casefold() for kind in placed.element.get("filetypes") or ()]
    if kinds and name.rpartition(".")[2].casefold() not in kinds:
        raise Misfit(f"{placed.action_id}: {name!r} is none of: {', '.join(kinds)}")
    if len(content) > MAX_BYTES:
        raise Misfit(f"{placed.action_id}: {name!r} has more than {MAX_BYTES} bytes")
