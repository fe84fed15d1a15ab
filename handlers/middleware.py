"""What every payload passes before a listener sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, BoltContext, BoltResponse

logger = logging.getLogger(__name__)
REFERENCE = "baseliner_reference"


def give_reference(new_reference: Callable[[], str]) -> Callable[..., None]:
    """Gives each payload an id, which its answers, its log lines and the audit log share.

    It stands in the body too, where the directory finds it, beside who acted.
    """

    def middleware(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> None:
        context[REFERENCE] = body[REFERENCE] = new_reference()
        next()

    return middleware


def check_origin(team_id: str | None, app_id: str | None) -> Callable[..., BoltResponse | None]:
    """Ignores payloads of another workspace or app. A signature proves neither, and Socket Mode has none."""

    def middleware(
        context: BoltContext, body: dict[str, Any], ack: Ack, next: Callable[[], None]
    ) -> BoltResponse | None:
        foreign_team = team_id is not None and context.team_id != team_id
        foreign_app = app_id is not None and body.get("api_app_id") not in (None, app_id)
        if not foreign_team and not foreign_app:
            next()
            return None
        logger.warning("ignored a payload of team %s, app %s", context.team_id, body.get("api_app_id"))
        if "command" in body:
            return ack("This Baseliner serves another workspace.")
        return ack()

    return middleware


def acknowledge_at_once(body: dict[str, Any], ack: Ack, next: Callable[[], None]) -> None:
    """Commands and clicks are acknowledged here, before they wait for a thread; a dialog's answer is in its own.

    Slack waits three seconds (source: docs.slack.dev/interactivity/implementing-slash-commands).
    """
    if "command" in body or body.get("type") == "block_actions":
        ack()
    next()
