"""Settings of who may do what, from where and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from bot.membership import is_group
from bot.quiet_hours import QuietHours, parse_quiet_hours
from bot.settings_storage import Section
from bot.settings_types import Duration, known_zone, slack_id

Principal = Annotated[str, AfterValidator(lambda value: slack_id(value, "UWS", "a user id (U…) or usergroup id (S…)"))]
ChannelId = Annotated[str, AfterValidator(lambda value: slack_id(value, "CGD", "a channel id (C…)"))]
Quiet = Annotated[
    QuietHours,
    BeforeValidator(lambda value: value if isinstance(value, QuietHours) else parse_quiet_hours(str(value))),
]


class Policy(Section):
    """User ids (U…) and usergroup ids (S…). An empty list denies."""

    requesters: tuple[Principal, ...] = ()
    approvers: tuple[Principal, ...] = ()
    denied: tuple[Principal, ...] = ()
    """never, whatever the other lists say"""
    required_approvals: int = Field(default=1, ge=1, le=10)
    """by so many different people"""
    approval_expires: Duration = timedelta(minutes=30)
    channels: tuple[ChannelId, ...] = ()
    """where may be asked; anywhere when empty"""
    only_in_window: bool = False
    """True: a restore is asked, approved and begun in an open maintenance window of the target only"""
    quiet_hours: Quiet | None = None
    """no restore is asked, approved or begun in them"""
    timezone: str = "UTC"
    """of the quiet hours"""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @model_validator(mode="after")
    def _enough_approvers(self) -> Policy:
        named = set(self.approvers)
        if named and not any(map(is_group, named)) and len(named) < self.required_approvals:
            raise ValueError(
                f"needs {self.required_approvals} approvals by different people, but names {len(named)} approver(s)"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def groups(self) -> frozenset[str]:
        """Every usergroup that it names."""
        return frozenset(filter(is_group, (*self.requesters, *self.approvers, *self.denied)))
