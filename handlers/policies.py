"""`policy`: who may do what, and why."""

from __future__ import annotations

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.parse import take_target
from handlers.request import Request
from handlers.views.policy import policy_message


class PolicyListeners:
    def __init__(self, services: Services) -> None:
        self._services = services

    def command(self, request: Request) -> None:
        """`policy [target]`: of every target without one."""
        targets = list(self._services.settings.targets)
        target, rest = take_target(request.arguments, targets)
        if rest:
            raise UsageError("One target is enough.", f"{ids.COMMAND} policy [target]")
        names = [target] if target is not None else targets
        request.reply.tell(policy_message([self._services.policies.of(name, request.actor) for name in names]))
