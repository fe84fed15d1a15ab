"""Who may ask, approve and cancel, and why; windows, quiet hours, expiry."""

from __future__ import annotations

from collections.abc import Sequence

from bot.operations.policies import PolicyStatus
from bot.policy import Verdict
from handlers.text import code, date, duration, inline, plural
from handlers.views.blocks import Block, Message, context, fields, fitted, section
from handlers.views.people import linked, mentions

_OF_ONE = "There is more than a message holds: name one target."


def policy_message(statuses: Sequence[PolicyStatus]) -> Message:
    blocks = [block for status in statuses for block in _policy(status)]
    names = ", ".join(status.target for status in statuses)
    return Message(f"Policy of {inline(names, 200)}", fitted(blocks, _OF_ONE))


def _policy(status: PolicyStatus) -> list[Block]:
    policy = status.policy
    whose = "its own" if status.own else "the common one"
    return [
        section(f"*Policy* of {code(status.target)}, {whose}"),
        fields(
            [
                ("May ask", _people(policy.requesters)),
                ("May approve", f"{_people(policy.approvers)}; never their own request"),
                ("Approvals", _approvals(policy.required_approvals)),
                ("Expire after", duration(policy.approval_expires.total_seconds())),
                ("May cancel", "whoever asked, and all who may ask or approve"),
                ("Never", f"{_people(policy.denied)}; deactivated people, guests, bots, other workspaces"),
                ("Asked in", ", ".join(f"<#{channel}>" for channel in policy.channels) or "any channel"),
                ("Restores only in a window", _window(status)),
                ("Quiet hours", _quiet(status)),
            ]
        ),
        section("\n".join(_yours(status))),
        context("At the shell a restore goes without approval: break-glass, audited and posted as such."),
    ]


def _approvals(required: int) -> str:
    return "1 approval" if required == 1 else f"{plural(required, 'approval')} by different people"


def _people(principals: Sequence[str]) -> str:
    return mentions(principals, "and") or "nobody"


def _window(status: PolicyStatus) -> str:
    told = "yes" if status.policy.only_in_window else "no"
    window = status.window
    if window is None:
        return f"{told}; none is announced"
    if window.starts_at <= status.at:
        return f"{told}; one is open until {date(window.ends_at)}"
    return f"{told}; the next opens {date(window.starts_at)}"


def _quiet(status: PolicyStatus) -> str:
    quiet = status.policy.quiet_hours
    return f"{quiet} {inline(status.policy.timezone, 60)}: no restore is asked or begun" if quiet else "none"


def _yours(status: PolicyStatus) -> list[str]:
    return [
        "*You, now*",
        _line("ask", status.asks),
        _line("approve what others ask", status.approves),
        _line("cancel what others ask", status.cancels),
        _line("a restore now", status.time),
    ]


def _line(what: str, verdict: Verdict) -> str:
    return f"{'✅' if verdict.allowed else '⛔'} {what}: {linked(inline(verdict.reason, 300))}"
