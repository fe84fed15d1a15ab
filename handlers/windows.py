"""`window`: announced in words or by a dialog, listed, cancelled."""

from __future__ import annotations

from datetime import UTC, datetime

from slack_bolt import Args

from bot.errors import UsageError
from bot.models import WindowRequest
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import WindowWords, parse_window, starts_window, take_target
from handlers.place import subject_of
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import field_error, window_message
from handlers.views.windows import suggested_times, window_modal, windows_message


class WindowListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`window …`; the dialog opens for whatever was not said."""
        words = request.arguments
        subcommand = words[0].lower() if words else ""
        if subcommand == "list":
            self._list(request, words[1:])
        elif subcommand == "cancel":
            self._cancel(request, words[1:])
        else:
            self._announce(request, words)

    def submit(self, args: Args) -> None:
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        chosen = form.selected(ids.TARGET) or context.target or self._only_target()
        request = WindowRequest(
            ids.identifier(chosen),
            datetime.fromtimestamp(form.seconds(ids.STARTS_AT), UTC),
            datetime.fromtimestamp(form.seconds(ids.ENDS_AT), UTC),
            form.text(ids.REASON).strip(),
        )
        try:
            _check_reason(request.reason)
            window = self._services.windows.announce(request, person.actor, _place(context.channel))
        except UsageError as error:
            args.ack(response_action="errors", errors={form.block_of(_concerned(request)): field_error(error)})
            return
        args.ack()
        Reply(args.client, person.actor.id, context.channel).tell(window_message(window, "announced"))

    def cancel(self, args: Args) -> None:
        """The Cancel button of an announcement, which is redrawn."""
        person = self._directory.person_of(args.body)
        self._services.windows.cancel(subject_of(args, self._services.drawings), person.actor)

    def _list(self, request: Request, words: tuple[str, ...]) -> None:
        target = take_target(words, list(self._services.settings.targets))[0] if words else None
        request.reply.tell(windows_message(self._services.windows.upcoming(target)))

    def _cancel(self, request: Request, words: tuple[str, ...]) -> None:
        if len(words) != 1:
            raise UsageError(
                "Say which window.", f"{ids.COMMAND} window cancel ID; {ids.COMMAND} window list shows ids."
            )
        window = self._services.windows.cancel(words[0], request.actor)
        request.reply.tell(window_message(window, "cancelled"))

    def _announce(self, request: Request, words: tuple[str, ...]) -> None:
        targets = list(self._services.settings.targets)
        if words and starts_window(words[0]):
            target, rest = take_target((), targets)[0], words
        else:
            target, rest = take_target(words, targets)
        said = parse_window(rest, self._services.clock.now(), request.person.zone) if rest else None
        if target is None or said is None:
            self._ask(request, targets, target, said)
            return
        asked = WindowRequest(target, said.starts_at, said.ends_at, said.reason)
        window = self._services.windows.announce(asked, request.actor, _place(request.channel))
        request.reply.tell(window_message(window, "announced"))

    def _ask(self, request: Request, targets: list[str], target: str | None, said: WindowWords | None) -> None:
        starts_at, ends_at = suggested_times(self._services.clock.now())
        if said is not None:
            starts_at, ends_at = said.starts_at, said.ends_at
        reason = said.reason if said else ""
        request.open_modal(window_modal(targets, request.modal_context(target), starts_at, ends_at, reason))

    def _only_target(self) -> str | None:
        return take_target((), list(self._services.settings.targets))[0]


def _place(channel: str) -> str | None:
    """Nothing is announced in a direct message (its id begins with D): the bot cannot write there."""
    return None if channel.startswith("D") else channel


def _check_reason(reason: str) -> None:
    if not reason:
        raise UsageError("A window needs a reason: people will read it.")


def _concerned(request: WindowRequest) -> str:
    if not request.reason:
        return ids.REASON
    return ids.ENDS_AT if request.ends_at <= request.starts_at else ids.STARTS_AT
