"""`doctor`: Slack is examined here, where its token is; the rest by a worker of each target."""

from __future__ import annotations

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.inspection import Inspection
from handlers.parse import take_target
from handlers.request import Request
from handlers.views.answers import accepted_message


class DoctorListeners:
    def __init__(self, services: Services, inspection: Inspection) -> None:
        self._services = services
        self._inspection = inspection

    def command(self, request: Request) -> None:
        """`doctor [target]`: all of them without one; what was seen of Slack is told with the first."""
        targets = list(self._services.settings.targets)
        target, words = take_target(request.arguments, targets)
        if words:
            raise UsageError("One target is enough.", f"{ids.COMMAND} doctor [target]")
        seen = self._inspection.run()
        operations = self._services.settings.slack.channels.operations
        for name in [target] if target else targets:
            operation = self._services.doctors.request(name, request.actor, request.channel, seen)
            request.reply.tell(accepted_message(operation, "" if request.channel == operations else operations))
            seen = ()
