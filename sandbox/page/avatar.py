"""Who wrote something: a coloured square with initials, or the app's mark."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from sandbox.model import SLACKBOT_ID, Json, Message, User
from sandbox.page.tree import icon, part
from sandbox.workspace import Workspace

_COLOURS = 6


@dataclass(frozen=True, slots=True)
class Author:
    """A name, and how to draw its owner."""

    id: str
    name: str
    is_app: bool = False


def author_of(workspace: Workspace, message: Message) -> Author:
    """Who a message is from."""
    if message.bot_id is not None or message.user == workspace.app.bot_user_id:
        return Author(workspace.app.bot_user_id, message.username or workspace.app.name, is_app=True)
    if message.user == SLACKBOT_ID:
        return Author(SLACKBOT_ID, "Slackbot", is_app=True)
    user = workspace.users.get(message.user)
    return Author(message.user, user.real_name if user else message.user)


def author_by_id(workspace: Workspace, user_id: str) -> Author:
    """The owner of a user id: a person or the app."""
    if user_id == workspace.app.bot_user_id:
        return Author(user_id, workspace.app.name, is_app=True)
    user = workspace.users.get(user_id)
    return Author(user_id, user.real_name if user else user_id)


def person(user: User) -> Author:
    """A person of the workspace."""
    return Author(user.id, user.real_name)


def avatar(author: Author, size: str = "m") -> Json:
    """A square of size `s` or `m`; decorative, as the name always stands beside it."""
    if author.id == SLACKBOT_ID:
        tint, mark = "slackbot", icon("info")
    elif author.is_app:
        tint, mark = "app", icon("storage")
    else:
        tint, mark = str(crc32(author.id.encode()) % _COLOURS), part("span", "", initials(author.name))
    return part("span", f"avatar avatar--{size} avatar--{tint}", mark, aria_hidden="true")


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = name.split() or ["?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
