"""Approve and Deny on the approval card. The card is redrawn from state, so a click that counts needs no answer."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack

from bot.models import Decision
from bot.services import Services
from handlers import ids
from handlers.directory import Directory


class ApprovalListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def approve(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ack()
        self._decide(body, action, Decision.APPROVED)

    def deny(self, ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        ack()
        self._decide(body, action, Decision.DENIED)

    def _decide(self, body: dict[str, Any], action: dict[str, Any], decision: Decision) -> None:
        person = self._directory.person(body["user"]["id"], body["user"].get("name", ""))
        self._services.approvals.decide(ids.identifier(action["value"]), person.actor, decision)
