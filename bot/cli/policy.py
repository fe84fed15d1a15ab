"""`baseliner policy`: who may do what."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.session import ConfigOption, JsonOption, house_of, out, print_json, shell_actor, told
from bot.operations.checklists import spoken
from bot.operations.policies import PolicyStatus

_Target = Annotated[str, typer.Argument(help="A target of the settings.")]


def policy(target: _Target, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Who may ask, approve and cancel for a target; windows, quiet hours, expiry."""
    with told(as_json=as_json), house_of(config) as house:
        status = house.services.policies.of(target, shell_actor())
        if as_json:
            print_json(_document(status))
            return
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, value in _rows(status):
            table.add_row(name, Text(value))
        out().print(table)


def register(app: typer.Typer) -> None:
    app.command()(policy)


def _rows(status: PolicyStatus) -> list[tuple[str, str]]:
    policy = status.policy
    quiet = f"{policy.quiet_hours} {policy.timezone}" if policy.quiet_hours else "none"
    return [
        ("Policy", "the target's own" if status.own else "the common one"),
        ("May ask", _people(policy.requesters)),
        ("May approve", f"{_people(policy.approvers)}; never their own request"),
        ("Approvals", f"{policy.required_approvals}, by different people"),
        ("Expire after", spoken(policy.approval_expires)),
        ("May cancel", "whoever asked, and all who may ask or approve"),
        ("Never", f"{_people(policy.denied)}; deactivated people, guests, bots, other workspaces"),
        ("Asked in", ", ".join(policy.channels) or "any channel"),
        ("Restores only in a window", f"{'yes' if policy.only_in_window else 'no'}; {_window(status)}"),
        ("Quiet hours", quiet),
        ("A restore now, in Slack", status.time.reason),
        ("At the shell", "goes without approval: break-glass, audited and posted to Slack as such"),
    ]


def _people(principals: tuple[str, ...]) -> str:
    return ", ".join(principals) or "nobody"


def _window(status: PolicyStatus) -> str:
    window = status.window
    if window is None:
        return "none is announced"
    if window.starts_at <= status.at:
        return f"one is open until {window.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"the next opens {window.starts_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _document(status: PolicyStatus) -> dict[str, Any]:
    policy, window = status.policy, status.window
    return {
        "target": status.target,
        "own": status.own,
        "requesters": list(policy.requesters),
        "approvers": list(policy.approvers),
        "denied": list(policy.denied),
        "required_approvals": policy.required_approvals,
        "approval_expires_seconds": policy.approval_expires.total_seconds(),
        "channels": list(policy.channels),
        "only_in_window": policy.only_in_window,
        "quiet_hours": str(policy.quiet_hours) if policy.quiet_hours else None,
        "timezone": policy.timezone,
        "restore_now": {"allowed": status.time.allowed, "reason": status.time.reason},
        "window": window and {"id": window.id, "starts_at": window.starts_at, "ends_at": window.ends_at},
    }
