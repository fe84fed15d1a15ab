"""`audit [target] [by @person] [since 7d] [what restore]`, understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from bot.errors import UsageError
from bot.models import AuditFilter
from bot.moments import parse_past
from handlers.ids import COMMAND
from handlers.parse import take_target

AUDIT_USAGE = "audit [target] [by @person] [since 7d] [what restore]"
_KEYS = ("by", "since", "what")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_ACTION = re.compile(r"[a-z_]+(?:\.[a-z_]+)?")


def parse_audit(words: tuple[str, ...], targets: Iterable[str], now: datetime, zone: tzinfo) -> AuditFilter:
    """The parts may stand in any order. Raises UsageError and NotFound, saying what would do."""
    given = _split(words)
    target = None
    if given[""]:
        target, rest = take_target(given.pop(""), targets)
        if rest:
            raise _usage(f"“{' '.join(rest)}” is more than this command takes.")
    since = given.get("since")
    return AuditFilter(
        target=target,
        actor=_person(given["by"]) if "by" in given else None,
        action=_action(given["what"]) if "what" in given else None,
        since=parse_past(" ".join(since), now, zone) if since is not None else None,
    )


def _split(words: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The words behind each key; those before the first one under the empty key."""
    found: dict[str, tuple[str, ...]] = {"": ()}
    key = ""
    for word in words:
        if word.lower() in _KEYS:
            key = word.lower()
            if key in found:
                raise _usage(f"“{key}” stands there twice.")
            found[key] = ()
        else:
            found[key] += (word,)
    empty = [name for name, value in found.items() if name and not value]
    if empty:
        raise _usage(f"“{empty[0]}” needs a word behind it.")
    return found


def _person(words: tuple[str, ...]) -> str:
    """A user id where Slack sent one, else the name as it was typed."""
    text = " ".join(words)
    mention = _MENTION.fullmatch(text)
    return mention[1] if mention else text.removeprefix("@")[:80]


def _action(words: tuple[str, ...]) -> str:
    word = " ".join(words).lower()
    if not _ACTION.fullmatch(word):
        raise _usage(f"“{word[:60]}” is not what an entry can be of.", "such as `what restore` or `what approved`")
    return word


def _usage(problem: str, more: str = "") -> UsageError:
    return UsageError(problem, ", ".join(filter(None, [f"{COMMAND} {AUDIT_USAGE}", more])))
