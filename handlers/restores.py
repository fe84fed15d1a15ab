"""`restore`: the dialog, its change of target, its submission."""

from __future__ import annotations

from dataclasses import replace

from slack_bolt import Args

from bot.errors import BadName, NotFound, TableNotFound, UsageError
from bot.models import Downtime, RestoreRequest
from bot.services import Services
from handlers import ids
from handlers.directory import Directory
from handlers.parse import backup_named, is_backup, listed_tables, split_only, split_origin, take_target
from handlers.place import subject_of
from handlers.reply import Reply
from handlers.request import Form, Request
from handlers.views.answers import field_error, restore_asked_message
from handlers.views.backups import found_options, no_backup_message
from handlers.views.blocks import MAX_OPTIONS, Block
from handlers.views.restore import RestoreDialog, restore_modal

_SEARCHED = 1000


class RestoreListeners:
    def __init__(self, services: Services, directory: Directory) -> None:
        self._services = services
        self._directory = directory

    def command(self, request: Request) -> None:
        """`restore [target] [backup|latest|time] [from TARGET] [as NAME] [only TABLE, …]`"""
        words, only = split_only(request.arguments)
        words, source, new_name = split_origin(words)
        target, backup_id = self._named(words, source)
        source = source if source != target else None
        if target is not None:
            self._services.restores.authorize(target, request.actor, request.channel)
            self._services.restores.demand_clear(RestoreRequest(target, "", "", "", only=only, source=source,
                                                                new_name=new_name))  # fmt: skip
        named = backup_named(backup_id, request.person.zone) if backup_id else None
        dialog = self._dialog(replace(request.modal_context(target), source=source), named)
        if target is not None and dialog.newest is None:
            request.reply.tell(no_backup_message(dialog.backups_of))
            return
        request.open_modal(self._draw(replace(dialog, only=only, new_name=new_name)))

    def ask_again(self, args: Args) -> None:
        """The button of a plan that came to nothing: the dialog as it was filled in, but for the name."""
        operation = self._services.overview.operation(subject_of(args, self._services.drawings))
        person = self._directory.person_of(args.body)
        source = operation.parameters.get("source")
        context = ids.ModalContext(str(args.body["channel"]["id"]), operation.target, source=source)
        self._services.restores.authorize(operation.target, person.actor, context.channel)
        dialog = self._dialog(context, str(operation.parameters["backup_id"]))
        downtime = Downtime(operation.parameters.get("downtime", Downtime.NOW))
        only = tuple(operation.parameters.get("only", ()))
        new_name = str(operation.parameters.get("new_name", ""))
        filled = replace(dialog, reason=operation.reason, downtime=downtime, only=only, new_name=new_name)
        view = self._draw(filled)
        args.client.views_open(trigger_id=args.body["trigger_id"], view=view)

    def change_target(self, args: Args) -> None:
        """Offers the backups of the target that was chosen in the dialog."""
        target, source = ids.decode_place(args.payload["selected_option"]["value"])
        person = self._directory.person_of(args.body)
        view = args.body["view"]
        context = ids.ModalContext(ids.decode(view["private_metadata"]).channel, target, source=source)
        self._services.restores.authorize(target, person.actor, context.channel)
        args.client.views_update(view_id=view["id"], view=self._draw(self._dialog(context, None)))

    def search(self, args: Args) -> None:
        """Backups that fit what was typed into the dialog, newest first."""
        context = ids.decode(args.body["view"]["private_metadata"])
        pages = self._services.backups.pages(context.source or context.target or "", MAX_OPTIONS, _SEARCHED)
        args.ack(options=found_options(pages, str(args.body.get("value") or ""), self._services.clock.now()))

    def submit(self, args: Args) -> None:
        """Written down before the dialog closes: what is wrong is shown on the input that it concerns."""
        context, form = ids.decode(args.payload["private_metadata"]), Form(args.payload)
        person = self._directory.known_of(args.body)
        asked = RestoreRequest(
            context.target or "",
            form.selected(ids.BACKUP) or "",
            form.text(ids.REASON),
            form.text(ids.CONFIRMATION),
            Downtime(form.selected(ids.DOWNTIME) or Downtime.NOW),
            listed_tables(form.text(ids.ONLY)),
            context.source,
            form.text(ids.NEW_NAME).strip(),
        )
        try:
            _same_place(form, asked)
            operation = self._services.restores.request(asked, person.actor, context.channel)
        except UsageError as error:
            args.ack(response_action="errors", errors={form.block_of(_concerned(error, asked)): field_error(error)})
            return
        args.ack()
        approvals = self._services.settings.slack.channels.approvals
        Reply(args.client, person.actor.id, context.channel).tell(restore_asked_message(operation, approvals))

    def _named(self, arguments: tuple[str, ...], source: str | None) -> tuple[str | None, str | None]:
        targets = list(self._services.settings.targets)
        if arguments and is_backup(arguments[0]):
            target, words = take_target((), targets)[0], arguments
        else:
            target, words = take_target(arguments, targets)
        if len(words) > 1 or (words and not is_backup(words[0])):
            raise UsageError(f"“{' '.join(words)}” is not a backup.", f"{ids.COMMAND} restore [target] [backup|latest]")
        if (words or source) and target is None:
            raise UsageError("Say which target to restore.", f"Targets: {', '.join(targets)}.")
        return target, words[0] if words else None

    def _dialog(self, context: ids.ModalContext, backup_id: str | None) -> RestoreDialog:
        targets = list(self._services.settings.targets)
        sources = {target: self._services.restores.sources_of(target) for target in targets}
        if context.target is None:
            return RestoreDialog(context, targets, sources=sources)
        of = context.source or context.target
        newest = next(iter(self._services.backups.newest_first(of, limit=1)), None)
        chosen = self._services.backups.get(of, backup_id) if newest and backup_id else None
        return RestoreDialog(
            context,
            targets,
            self._services.restores.database_of(context.target),
            newest,
            chosen,
            sources=sources,
        )

    def _draw(self, dialog: RestoreDialog) -> Block:
        return restore_modal(dialog, self._services.clock.now())


def _same_place(form: Form, asked: RestoreRequest) -> None:
    """The dialog may be submitted before the list of a newly chosen target has arrived."""
    chosen = form.selected(ids.RESTORE_TARGET)
    if chosen not in (None, ids.encode_place(asked.target, asked.source)):
        raise NotFound(
            f"These are backups of {asked.source or asked.target}, but {chosen} is chosen.", "Choose the target again."
        )


def _concerned(error: UsageError, asked: RestoreRequest) -> str:
    if isinstance(error, TableNotFound):
        return ids.ONLY
    if isinstance(error, BadName):
        return ids.NEW_NAME
    if isinstance(error, NotFound):
        return ids.BACKUP
    return ids.CONFIRMATION if asked.reason.strip() else ids.REASON
