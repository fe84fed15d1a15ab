"""`chart`: size and duration of the last backups as a picture, posted where it was asked for."""

from __future__ import annotations

import threading

from slack_sdk.errors import SlackApiError

from bot.errors import BaselinerError, UsageError
from bot.services import Services
from handlers import ids
from handlers.parse import take_target
from handlers.pictures import backups_picture
from handlers.request import Request
from handlers.views.backups import no_backup_message

SHOWN = 60


class ChartListeners:
    def __init__(self, services: Services) -> None:
        self._services = services
        # Drawing takes a processor for half a second: one at a time, so that other listeners get theirs.
        self._one_at_a_time = threading.Lock()

    def command(self, request: Request) -> None:
        """`chart [target]`"""
        target, words = take_target(request.arguments, list(self._services.settings.targets))
        if words or target is None:
            raise UsageError("Say which target.", f"{ids.COMMAND} chart [target]")
        backups = self._services.backups.newest_first(target, SHOWN)
        if not backups:
            request.reply.tell(no_backup_message(target))
            return
        with self._one_at_a_time:
            picture = backups_picture(target, backups)
        try:
            request.client.files_upload_v2(
                channel=request.channel,
                content=picture,
                filename=f"{target}-backups.png",
                title=f"Size and duration of the last {len(backups)} backups of {target}",
                initial_comment=f"The last {len(backups)} backups of `{target}`",
                alt_txt=f"Two lines over time: stored megabytes, and seconds taken, of {len(backups)} backups",
            )
        except SlackApiError as error:
            if error.response["error"] not in ("not_in_channel", "channel_not_found"):
                raise
            raise BaselinerError(
                "The picture could not be posted: I am not in this channel.", "Invite me: /invite @baseliner"
            ) from error
