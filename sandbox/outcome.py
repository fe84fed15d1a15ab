"""What a person sees after acting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.model import Json, Message, View

OutcomeError = Literal[
    "dispatch_failed", "operation_timeout", "invalid_command_response", "invalid_response", "unknown_command"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an act: acknowledged, or the error that the client shows instead."""

    error: OutcomeError | None = None
    status: int | None = None
    """HTTP status of the app's answer; 200 for an acknowledged envelope, None when none came."""
    response: Json = field(default_factory=dict)
    """The body that came with the acknowledgement."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """block_id -> what the app found wrong with a submission."""
    view: View | None = None
    """The view on top for this person after a submission, or the App Home."""
    message: Message | None = None
    """The message that this person posted."""

    @property
    def acknowledged(self) -> bool:
        """True when the app answered in time and sensibly."""
        return self.error is None


class Impossible(Exception):
    """A person cannot do that: there is no such thing on their screen. `status` is the fitting HTTP status."""

    def __init__(self, status: int, error: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error
        self.detail = detail
        self.more = more
