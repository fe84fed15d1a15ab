"""Words and marks for states: one place, so that the same state looks the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from bot.models import CheckState, OperationKind, OperationState, StepState, WindowState

NOUNS: Mapping[OperationKind, str] = {
    OperationKind.BACKUP: "Backup",
    OperationKind.RESTORE: "Restore",
    OperationKind.UNDO: "Undo",
    OperationKind.DRILL: "Drill",
    OperationKind.PREFLIGHT: "Preflight",
    OperationKind.DOCTOR: "Examination",
    OperationKind.WINDOW: "Window",
}
OPERATION_WORDS: Mapping[OperationState, str] = {
    OperationState.PLANNING: "is being planned",
    OperationState.AWAITING_APPROVAL: "waits for approval",
    OperationState.QUEUED: "is queued",
    OperationState.RUNNING: "is running",
    OperationState.DONE: "is done",
    OperationState.FAILED: "failed",
    OperationState.DENIED: "was denied",
    OperationState.EXPIRED: "expired: nobody decided in time",
    OperationState.VOIDED: "was voided",
    OperationState.CANCELLED: "was cancelled",
}
OPERATION_MARKS: Mapping[OperationState, str] = {
    OperationState.PLANNING: "⏳",
    OperationState.AWAITING_APPROVAL: "✋",
    OperationState.QUEUED: "⏳",
    OperationState.RUNNING: "⏳",
    OperationState.DONE: "✅",
    OperationState.FAILED: "❌",
    OperationState.DENIED: "⛔",
    OperationState.EXPIRED: "⌛",
    OperationState.VOIDED: "⚠️",
    OperationState.CANCELLED: "⛔",
}
STEP_MARKS: Mapping[StepState, str] = {
    StepState.PENDING: "○",
    StepState.RUNNING: "⏳",
    StepState.DONE: "✅",
    StepState.FAILED: "❌",
    StepState.SKIPPED: "➖",
}
CHECK_MARKS: Mapping[CheckState, str] = {
    CheckState.PASSED: "✅",
    CheckState.WARNING: "⚠️",
    CheckState.FAILED: "❌",
    CheckState.UNKNOWN: "❓",
}
WINDOW_WORDS: Mapping[WindowState, str] = {
    WindowState.SCHEDULED: "announced",
    WindowState.OPEN: "open",
    WindowState.CLOSED: "over",
    WindowState.CANCELLED: "cancelled",
}
