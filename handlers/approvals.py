"""Approve and Deny on the approval card. The card is redrawn from state, so a click that counts needs no answer."""

from __future__ import annotations

from slack_bolt import Args

from bot.models import Decision
from bot.services import Services
from handlers import ids
from handlers.directory import Directory


class ApprovalListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def approve(self, args: Args) -> None:
        self._decide(args, Decision.APPROVED)

    def deny(self, args: Args) -> None:
        self._decide(args, Decision.DENIED)

    def _decide(self, args: Args, decision: Decision) -> None:
        person = self._directory.person_of(args.body)
        self._services.approvals.decide(ids.identifier(args.payload["value"]), person.actor, decision)
