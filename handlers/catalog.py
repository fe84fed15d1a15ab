"""`backups`: the catalog page by page, details of one backup, and the button that pins it."""

from __future__ import annotations

from slack_bolt import Args

from bot.errors import UsageError
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import take_target
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import field_error
from handlers.views.blocks import Message
from handlers.views.catalog import catalog_message, details_modal, pin_modal
from handlers.views.upkeep import pinned_message


class CatalogListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`backups [target]`: every target's without one."""
        target, words = take_target(request.arguments, self._targets)
        if words:
            raise UsageError("One target is enough.", f"{ids.COMMAND} backups [target]")
        request.reply.tell(self._page(target, 1))

    def turn(self, args: Args) -> None:
        """Newer and Older: another page in the place of this one."""
        self._show(args, args.payload["value"])

    def filter(self, args: Args) -> None:
        """The first page of the chosen target, or of all."""
        self._show(args, args.payload["selected_option"]["value"])

    def details(self, args: Args) -> None:
        chosen = args.payload.get("selected_option") or {}
        details = self._services.catalog.details(ids.identifier(chosen.get("value")))
        view = details_modal(details, _channel(args), self._services.clock.now())
        args.client.views_open(trigger_id=args.body["trigger_id"], view=view)

    def ask_to_pin(self, args: Args) -> None:
        """The button of the details: asks why."""
        channel = ids.decode(args.body["view"]["private_metadata"]).channel
        view = pin_modal(ids.identifier(args.payload["value"]), channel)
        args.client.views_push(trigger_id=args.body["trigger_id"], view=view)

    def pin(self, args: Args) -> None:
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        try:
            pin = self._services.pins.keep(context.backup or "", form.text(ids.REASON), person.actor)
        except UsageError as error:
            args.ack(response_action="errors", errors={form.block_of(ids.REASON): field_error(error)})
            return
        args.ack(response_action="clear")
        Reply(args.client, person.actor.id, context.channel).tell(pinned_message(pin))

    def _show(self, args: Args, value: object) -> None:
        target, number = ids.decode_page(value)
        person, channel = args.body["user"]["id"], _channel(args)
        Reply(args.client, person, channel, args.respond).replace(self._page(target, number))

    def _page(self, target: str | None, number: int) -> Message:
        return catalog_message(self._services.catalog.page(target, number), self._targets, self._services.clock.now())

    @property
    def _targets(self) -> list[str]:
        return list(self._services.settings.targets)


def _channel(args: Args) -> str:
    return str(args.body["channel"]["id"])
