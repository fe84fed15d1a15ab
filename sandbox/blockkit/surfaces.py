"""Rules of whole messages and views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sandbox.blockkit.violation import Violation

Surface = Literal["message", "modal", "home"]


def check_blocks(blocks: Any, surface: Surface) -> list[Violation]:
    """Every broken rule in a list of blocks on its surface."""
    return []


def check_message(message: Mapping[str, Any]) -> list[Violation]:
    """Every broken rule in `text`, `blocks` and `attachments` of a message."""
    return []


def check_view(view: Any) -> list[Violation]:
    """Every broken rule in a modal or App Home."""
    return []
