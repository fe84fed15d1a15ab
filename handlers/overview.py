"""`status`, `health` and `audit`: reads, seen only by the person who asked."""

from __future__ import annotations

from bot.errors import UsageError
from bot.services import Services
from handlers.ids import COMMAND
from handlers.parse import take_target
from handlers.request import Request
from handlers.views.overview import Chain, audit_message, health_message, status_message


class OverviewListeners:
    def __init__(self, services: Services) -> None:
        self._services = services

    def status(self, request: Request) -> None:
        """`status`"""
        _no_words(request.arguments, "status")
        request.reply.tell(status_message(self._services.overview.targets(), self._services.clock.now()))

    def health(self, request: Request) -> None:
        """`health`"""
        _no_words(request.arguments, "health")
        request.reply.tell(health_message(self._services.health.latest()))

    def audit(self, request: Request) -> None:
        """`audit [target]`"""
        target = None
        if request.arguments:
            target, words = take_target(request.arguments, list(self._services.settings.targets))
            _no_words(words, "audit [target]")
        entries = self._services.audit.entries(limit=20, target=target)
        verdict = self._services.audit.verify()
        chain = Chain(verdict.intact, verdict.entries, verdict.first_broken, verdict.problem)
        request.reply.tell(audit_message(entries, target, chain))


def _no_words(words: tuple[str, ...], usage: str) -> None:
    if words:
        raise UsageError(f"“{' '.join(words)}” is more than this command takes.", f"{COMMAND} {usage}")
