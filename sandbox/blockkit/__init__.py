"""Judges Block Kit payloads by Slack's documented limits. Knows nothing of who built them."""

from sandbox.blockkit.surfaces import (
    MAX_MARKDOWN_CHARACTERS,
    check_blocks,
    check_message,
    check_options,
    check_view,
    scope_violations,
)
from sandbox.blockkit.violation import Violation

__all__ = [
    "MAX_MARKDOWN_CHARACTERS",
    "Violation",
    "check_blocks",
    "check_message",
    "check_options",
    "check_view",
    "scope_violations",
]
