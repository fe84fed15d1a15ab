"""`audit`: the log page by page, seen only by the person who asked."""

from __future__ import annotations

from datetime import UTC

from slack_bolt import Args

from bot.models import AuditFilter
from bot.services import Services
from handlers import ids
from handlers.parse_audit import parse_audit
from handlers.reply import Reply
from handlers.request import Request
from handlers.views.audit import AuditPage, Chain, audit_message
from handlers.views.blocks import Message

_PAGE = 20


class AuditListeners:
    def __init__(self, services: Services) -> None:
        self._services = services

    def command(self, request: Request) -> None:
        """`audit [target] [by @person] [since 7d] [what restore]`"""
        targets, now = list(self._services.settings.targets), self._services.clock.now()
        wanted = parse_audit(request.arguments, targets, now, request.person.zone or UTC)
        request.reply.tell(self._page(wanted))

    def turn(self, args: Args) -> None:
        """Older and Newest: another page in the place of this one."""
        page = self._page(ids.decode_audit(args.payload["value"]))
        Reply(args.client, args.body["user"]["id"], str(args.body["channel"]["id"]), args.respond).replace(page)

    def _page(self, wanted: AuditFilter) -> Message:
        verdict = self._services.audit.verify()
        chain = Chain(verdict.intact, verdict.entries, verdict.first_broken, verdict.problem)
        entries = self._services.audit.entries(limit=_PAGE + 1, wanted=wanted)
        return audit_message(AuditPage(entries[:_PAGE], wanted, older=len(entries) > _PAGE), chain)
