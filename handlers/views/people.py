"""How people and other actors are named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.models import Actor, Surface
from handlers.text import inline, listed

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_PLACE_OR_GROUP = re.compile(r"\b(?=[A-Z]*\d)[CS][A-Z0-9]{8,20}\b")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,20}")


def mention(actor: Actor) -> str:
    """A Slack mention for a Slack user; a name for a shell user or the schedule."""
    if actor.surface is Surface.SLACK:
        return mention_id(actor.id, actor.name)
    if actor.surface is Surface.CLI:
        return f"{inline(actor.name, 80)} (command line)"
    return inline(actor.name, 80)


def mention_id(user_id: str, name: str = "") -> str:
    """Of a person, or of a usergroup: its members are notified alike."""
    if _GROUP_ID.fullmatch(user_id):
        return f"<!subteam^{user_id}>"
    return f"<@{user_id}>" if _USER_ID.fullmatch(user_id) else inline(name or user_id, 80)


def linked(text: str) -> str:
    """Of text for people that is escaped already: ids of channels and usergroups become what Slack shows for them."""
    return _PLACE_OR_GROUP.sub(lambda found: f"<#{found[0]}>" if found[0][0] == "C" else mention_id(found[0]), text)


def mentions(user_ids: Sequence[str], last: str = "or") -> str:
    """At most ten, then how many more."""
    shown = [mention_id(user_id) for user_id in user_ids[:10]]
    if len(user_ids) > 10:
        shown.append(f"{len(user_ids) - 10} more")
    return listed(shown, last)
