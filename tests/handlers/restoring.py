"""Asking for a restore and deciding on it, as people do it in Slack."""

from typing import Any

from bot.models import Operation, OperationState
from bot.runtime.stop import StopSignal
from handlers import ids
from tests.handlers.conftest import APPROVALS, OPERATOR, Desk
from tests.support import Database, eventually


def fill(desk: Desk, target: Database, user: str = OPERATOR, **changes: str) -> dict[str, Any]:
    """Submit the dialog, with the newest backup unless `changes` say otherwise."""
    newest = desk.services.backups.get("inventory", "latest")
    values = {"backup": newest.id, "reason": "Wrong bulk update", "confirmation": target.name} | changes
    return desk.person.submit(user, desk.modal(user)["id"], values)


def ask(desk: Desk, target: Database, user: str = OPERATOR) -> Operation:
    """A restore whose plan waits for approval, its card drawn."""
    desk.type("restore", user=user)
    fill(desk, target, user)
    operation = desk.latest()
    desk.house.work.runner.run(operation.id, StopSignal())
    desk.draw()
    return desk.services.overview.operation(operation.id)


def click(desk: Desk, user: str, action_id: str) -> None:
    """A button of the newest card."""
    desk.person.action(user, APPROVALS, desk.card()["ts"], action_id)


def approve(desk: Desk, user: str, name: str, comment: str = "") -> dict[str, Any]:
    """By the card's button and its dialog. Returns what the submission came to."""
    click(desk, user, ids.APPROVE)
    return desk.person.submit(user, desk.modal(user)["id"], {"confirmation": name, "comment": comment})


def deny(desk: Desk, user: str, reason: str) -> dict[str, Any]:
    click(desk, user, ids.DENY)
    return desk.person.submit(user, desk.modal(user)["id"], {"reason": reason})


def state(desk: Desk, operation: Operation) -> OperationState:
    return desk.services.overview.operation(operation.id).state


def await_state(desk: Desk, operation: Operation, wanted: OperationState) -> None:
    """Until it is so, and the card shows it."""
    eventually(lambda: state(desk, operation) is wanted)
    desk.draw()
