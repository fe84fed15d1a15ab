"""`status`, `health` and `report`: reads, seen only by the person who asked."""

from __future__ import annotations

from bot.errors import UsageError
from bot.services import Services
from handlers.ids import COMMAND
from handlers.parse import take_target
from handlers.request import Request
from handlers.views.overview import health_message, status_message
from handlers.views.report import report_message


class OverviewListeners:
    def __init__(self, services: Services) -> None:
        self._services = services

    def status(self, request: Request) -> None:
        """`status [target]`"""
        target = self._one_or_all(request.arguments, "status [target]")
        found = [status for status in self._services.overview.targets() if target in (None, status.name)]
        request.reply.tell(status_message(found, self._services.clock.now()))

    def health(self, request: Request) -> None:
        """`health [target]`"""
        target = self._one_or_all(request.arguments, "health [target]")
        found = [checklist for checklist in self._services.health.latest() if target in (None, checklist.target)]
        request.reply.tell(health_message(found))

    def report(self, request: Request) -> None:
        """`report`: as the daily one would be now."""
        _no_words(request.arguments, "report")
        request.reply.tell(report_message(self._services.reports.now()))

    def _one_or_all(self, words: tuple[str, ...], usage: str) -> str | None:
        target, rest = take_target(words, self._services.settings.targets)
        _no_words(rest, usage)
        return target


def _no_words(words: tuple[str, ...], usage: str) -> None:
    if words:
        raise UsageError(f"“{' '.join(words)}” is more than this command takes.", f"{COMMAND} {usage}")
