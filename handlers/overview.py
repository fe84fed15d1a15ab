"""`status`, `health` and `report`: reads, seen only by the person who asked."""

from __future__ import annotations

from bot.errors import UsageError
from bot.services import Services
from handlers.ids import COMMAND
from handlers.request import Request
from handlers.views.overview import health_message, status_message
from handlers.views.report import report_message


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

    def report(self, request: Request) -> None:
        """`report`: as the daily one would be now."""
        _no_words(request.arguments, "report")
        request.reply.tell(report_message(self._services.reports.now()))


def _no_words(words: tuple[str, ...], usage: str) -> None:
    if words:
        raise UsageError(f"“{' '.join(words)}” is more than this command takes.", f"{COMMAND} {usage}")
