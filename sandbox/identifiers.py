"""Ids and secrets in Slack's shapes."""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random

_CAPITALS = string.ascii_uppercase + string.digits
_ALL = string.ascii_letters + string.digits


def identifier(random: Random, prefix: str, length: int = 10) -> str:
    """An id such as `V0QZ3…`: the prefix, a zero, capitals and digits."""
    return f"{prefix}0{letters(random, length - 1, _CAPITALS)}"


def block_id(random: Random) -> str:
    """An id as Slack gives to a block that came without one."""
    return letters(random, 5)


def letters(random: Random, length: int, alphabet: str = _ALL) -> str:
    """Random characters."""
    return "".join(random.choices(alphabet, k=length))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """The secrets that an app needs to talk to the workspace, and to believe it."""

    bot_token: str
    app_token: str
    signing_secret: str


def random_credentials(random: Random, app_id: str) -> Credentials:
    """Fresh credentials in Slack's shapes."""
    numbers = f"{random.randrange(10**11, 10**12)}-{random.randrange(10**12, 10**13)}"
    return Credentials(
        bot_token=f"xoxb-{numbers}-{letters(random, 24)}",
        app_token=f"xapp-1-{app_id}-{random.randrange(10**12, 10**13)}-{letters(random, 64, 'abcdef0123456789')}",
        signing_secret=letters(random, 32, "abcdef0123456789"),
    )
