"""Operations, plans, approvals, audit entries and the messages that draw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class OperationKind(StrEnum):
    BACKUP = "backup"
    RESTORE = "restore"
    UNDO = "undo"
    DRILL = "drill"
    PREFLIGHT = "preflight"
    DOCTOR = "doctor"
    WINDOW = "window"


POINTS_OF_NO_RETURN: Mapping[OperationKind, str] = {
    OperationKind.RESTORE: "swap",
    OperationKind.UNDO: "swap",
}
"""From this step on an operation is not cancelled any more, but brought to its end."""


class OperationState(StrEnum):
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    EXPIRED = "expired"
    VOIDED = "voided"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in _UNDER_WAY


_UNDER_WAY = frozenset(
    {
        OperationState.PLANNING,
        OperationState.AWAITING_APPROVAL,
        OperationState.QUEUED,
        OperationState.RUNNING,
    }
)


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Surface(StrEnum):
    """Where a request came from."""

    SLACK = "slack"
    CLI = "cli"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Actor:
    """A person (Slack user id), a shell user (`cli:name`) or the schedule (`schedule`)."""

    id: str
    name: str
    surface: Surface = Surface.SLACK
    reference: str = field(default="", compare=False)
    """of the payload from Slack by which they act, as the log has it"""

    @property
    def is_slack_user(self) -> bool:
        return self.surface is Surface.SLACK


@dataclass(frozen=True)
class Progress:
    """How far a running step has come. `expected` may be absent; `done` may pass it."""

    done: int
    expected: int | None
    rate: float | None
    """bytes per second, over the last seconds"""
    seconds_left: float | None


@dataclass(frozen=True)
class Step:
    """One persisted step of an operation."""

    position: int
    name: str
    """machine name, such as `safety_backup`"""
    title: str
    """for people, such as `Safety backup`"""
    state: StepState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str = ""
    """what came of it, for people: a size, an id, a count"""

    @property
    def duration(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Failure:
    """Why an operation failed: what happened, what was left as it was, the next step."""

    message: str
    remedy: str
    left_as_it_was: str
    details: str = ""


@dataclass(frozen=True)
class Operation:
    """One run of something. `parameters` is what was asked; `result` what came of it."""

    id: str
    kind: OperationKind
    target: str
    state: OperationState
    requester: Actor
    reason: str
    parameters: Mapping[str, Any]
    created_at: datetime
    version: int
    """rises with every change that people can see; messages are redrawn when it does"""
    attempt: int = 0
    channel: str | None = None
    """Slack channel it was asked in"""
    plan_hash: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    progress: Progress | None = None
    cancel_asked_by: Actor | None = None
    """who called it off; a running one ends some seconds later"""
    steps: tuple[Step, ...] = ()

    @property
    def duration(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def past_return(self) -> bool:
        """Whether the step after which there is only forward has begun."""
        last = POINTS_OF_NO_RETURN.get(self.kind)
        return any(step.name == last and step.started_at is not None for step in self.steps)

    @property
    def broke_glass(self) -> bool:
        """Begun at the shell, without the approvals that its plan asks for: somebody else signs it off later."""
        return self.requester.surface is Surface.CLI and self.plan_hash is not None and self.started_at is not None


@dataclass(frozen=True)
class Plan:
    """What an operation would do. `body` is its canonical JSON's value; `hash` that text's SHA-256."""

    hash: str
    operation_id: str
    body: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime
    required_approvals: int = 1


class Decision(StrEnum):
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True)
class Approval:
    """A decision of one person on one plan hash."""

    operation_id: str
    plan_hash: str
    person: Actor
    decision: Decision
    comment: str
    decided_at: datetime
    allowed_by: str = ""
    """the entry of the settings that allowed it then: a user id or a usergroup id"""
    withdrawn_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """An approval that was not withdrawn."""
        return self.decision is Decision.APPROVED and self.withdrawn_at is None


class SubjectKind(StrEnum):
    """What a message draws."""

    OPERATION = "operation"
    """the headline: one message per operation"""
    APPROVAL = "approval"
    """the approval card of an operation"""
    PLAN = "plan"
    """the whole plan, in the card's thread"""
    REMINDER = "reminder"
    """that a plan waits for the approvers, in the card's thread"""
    STEP = "step"
    """one step of an operation, in the headline's thread; `detail` is its position"""
    FAILURE = "failure"
    """what a failed operation's tools said, in the headline's thread"""
    WINDOW = "window"
    """the announcement of a window"""
    WINDOW_EDGE = "window_edge"
    """the start or the end of a window, in the announcement's thread and the channel; `detail` is `start` or `end`"""
    ALERT = "alert"
    REPORT = "report"
    """the daily report; `subject_id` is its day"""
    NOTICE = "notice"
    """a change that is no operation, such as a schedule's pause; `subject_id` is the position of its audit entry"""


@dataclass(frozen=True)
class Drawing:
    """A message that is wanted: what it draws, where, and what stands there now.

    `ts` is None until it was posted; `drawn_version` is the version of the subject that it shows.
    """

    id: int
    subject: SubjectKind
    subject_id: str
    detail: str
    """which part of the subject, see SubjectKind"""
    channel: str
    thread_of: int | None
    """id of the drawing whose thread it belongs to"""
    ts: str | None
    drawn_version: int
    wanted_version: int
    thread_ts: str | None = None


class Downtime(StrEnum):
    """From when the application is stopped for a restore."""

    NOW = "now"
    """before the new database is made, so that nothing is written that would be lost"""
    AT_SWAP = "swap"
    """when the new database is whole and verified, so that the application is away for seconds"""


@dataclass(frozen=True)
class RestoreRequest:
    """What the restore modal asks."""

    target: str
    backup_id: str
    """a backup id, or `latest`"""
    reason: str
    confirmation: str
    """the database's name, typed"""
    downtime: Downtime = Downtime.NOW
    only: tuple[str, ...] = ()
    """tables (`public.devices`, `devices`, `audit.*`) to bring into a schema of their own, in place of the whole"""
    source: str | None = None
    """another target, whose backup it is"""
    new_name: str = ""
    """of a database to make beside the live one, which then stays as it is"""


@dataclass(frozen=True)
class UndoRequest:
    """What the undo modal asks."""

    target: str
    reason: str
    confirmation: str
    """the database's name, typed"""
