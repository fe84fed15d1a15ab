"""The audit log, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.models import AuditEntry, AuditFilter
from handlers import ids
from handlers.text import code, date, inline, number, plural, prose
from handlers.views.blocks import Block, Message, actions, button, context, section, sections
from handlers.views.people import mention, mention_id

# With a digit, as Slack's are: what somebody typed may be a name in capitals.
_USER_ID = re.compile(r"(?=.*\d)[UW][A-Z0-9]{2,20}")


@dataclass(frozen=True)
class Chain:
    """Whether the audit log's hashes hold; if not, the position of the first broken link and what is wrong."""

    intact: bool
    entries: int
    first_broken: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class AuditPage:
    """Entries, newest first, what was asked for, and whether there are older ones of that."""

    entries: Sequence[AuditEntry]
    wanted: AuditFilter
    older: bool = False


def audit_message(page: AuditPage, chain: Chain) -> Message:
    """Newest first, and whether the whole chain holds."""
    if chain.intact:
        told = f"✅ The chain of {plural(chain.entries, 'entry', 'entries')} is intact."
    else:
        told = f"❌ The chain is broken at entry {number(chain.first_broken or 0)}: {inline(chain.problem, 300)}"
    lines = [_entry(entry) for entry in page.entries] or [_nothing(page.wanted)]
    title = section(f"*Audit log*{_asked(page.wanted)}, newest first")
    return Message("The audit log", [title, *sections(lines), *_turns(page), context(told)])


def _asked(wanted: AuditFilter) -> str:
    said = [
        f" of {code(wanted.target)}" if wanted.target else "",
        f" by {_asked_of(wanted.actor)}" if wanted.actor else "",
        f" since {date(wanted.since)}" if wanted.since else "",
        f", only {code(wanted.action)}" if wanted.action else "",
    ]
    return "".join(said)


def _asked_of(actor: str) -> str:
    return mention_id(actor) if _USER_ID.fullmatch(actor) else inline(actor, 80)


def _nothing(wanted: AuditFilter) -> str:
    return "Nothing has been written down yet." if wanted == AuditFilter() else "No entry matches."


def _turns(page: AuditPage) -> list[Block]:
    elements = []
    if page.wanted.before is not None:
        newest = ids.encode_audit(replace(page.wanted, before=None))
        elements.append(button("Newest", ids.AUDIT_NEWEST, newest))
    if page.older:
        following = ids.encode_audit(replace(page.wanted, before=page.entries[-1].position))
        elements.append(button("Older", ids.AUDIT_OLDER, following))
    return [actions("audit", *elements)] if elements else []


def _entry(entry: AuditEntry) -> str:
    told = [
        f"{number(entry.position)}. {date(entry.at)}",
        mention(entry.actor),
        f"*{inline(entry.action, 60)}* {prose(entry.result, 60)}",
    ]
    if entry.target:
        told.append(code(entry.target))
    if entry.operation_id:
        told.append(code(entry.operation_id))
    if entry.backup_id:
        told.append(f"backup {code(entry.backup_id, 60)}")
    return " · ".join(told) + (f": {inline(entry.reason, 120)}" if entry.reason else "")
