"""Who wrote something: a coloured square with initials, or the app's mark."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from nicegui.element import Element

from sandbox.model import SLACKBOT_ID, Message, User
from sandbox.page.dom import icon, node
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


def person(user: User) -> Author:
    """A person of the workspace."""
    return Author(user.id, user.real_name)


def draw_avatar(author: Author, size: str = "m") -> Element:
    """A square of size `s`, `m` or `l`; decorative, as the name always stands beside it."""
    if author.id == SLACKBOT_ID:
        tint, mark = "slackbot", "info"
    elif author.is_app:
        tint, mark = "app", "storage"
    else:
        tint, mark = str(crc32(author.id.encode()) % _COLOURS), ""
    with node("span", f"avatar avatar--{size} avatar--{tint}", aria_hidden="true") as square:
        if mark:
            icon(mark)
        else:
            node("span", "", initials(author.name))
    return square


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = name.split() or ["?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()
