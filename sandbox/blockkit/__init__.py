"""Judges Block Kit payloads by Slack's documented limits. Knows nothing of who built them."""

from sandbox.blockkit.surfaces import check_blocks, check_message, check_view
from sandbox.blockkit.violation import Violation

__all__ = ["Violation", "check_blocks", "check_message", "check_view"]
