"""Maintenance windows: the announcement, its start and end, the list, the dialog."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.models import Window, WindowState
from handlers import ids
from handlers.text import code, date, duration, inline, literal
from handlers.views.backups import target_input
from handlers.views.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    datetime_picker,
    fields,
    input_block,
    literal_section,
    modal,
    section,
    sections,
    text_input,
)
from handlers.views.people import mention
from handlers.views.states import WINDOW_WORDS

_MARKS = {
    WindowState.SCHEDULED: "🛠️",
    WindowState.OPEN: "🛠️",
    WindowState.CLOSED: "✅",
    WindowState.CANCELLED: "⛔",
}


def window_announcement(window: Window) -> Message:
    """Its Cancel button stays until the window ends."""
    title = f"Maintenance window for {window.target} {WINDOW_WORDS[window.state]}"
    mark = _MARKS[window.state]
    blocks = [
        section(f"{mark} *Maintenance window* for {code(window.target)}: {WINDOW_WORDS[window.state]}"),
        fields([("Starts", date(window.starts_at)), ("Ends", f"{date(window.ends_at)} ({_length(window)})")]),
        literal_section(literal(window.reason, 1500)),
    ]
    if window.state in (WindowState.SCHEDULED, WindowState.OPEN):
        blocks.append(_cancel(window))
    blocks.append(context(f"Announced by {mention(window.announced_by)}", f"Window {code(window.id)}"))
    return Message(f"{title}: {_span(window)}, {inline(window.reason, 300)}", blocks)


def window_edge(window: Window, edge: str) -> Message:
    """`start` or `end`, posted at its time."""
    if edge == "start":
        line = f"🛠️ *The maintenance window* for {code(window.target)} *has started* and ends {date(window.ends_at)}."
        words = "has started"
    else:
        line = f"✅ *The maintenance window* for {code(window.target)} *has ended*."
        words = "has ended"
    reason = context(inline(window.reason, 500), f"Window {code(window.id)}")
    return Message(f"The maintenance window for {window.target} {words}", [section(line), reason])


def windows_message(windows: Sequence[Window]) -> Message:
    """Those to come and those open, by their start."""
    if not windows:
        told = "No maintenance window is open or announced."
        return Message(told, [section(told), context(f"Announce one: `{ids.COMMAND} window`")])
    lines = [_line(window) for window in windows[:25]]
    return Message("Maintenance windows", [section("*Maintenance windows*"), *sections(lines, "\n\n")])


def window_modal(
    targets: Sequence[str], context: ids.ModalContext, starts_at: datetime, ends_at: datetime, reason: str = ""
) -> Block:
    """The target is asked for when there are several."""
    why = text_input(ids.REASON, "What happens, and what people will notice", multiline=True, initial=reason,
                     max_length=1500)  # fmt: skip
    blocks = [
        *([target_input("Target", targets, context.target)] if len(targets) > 1 else []),
        input_block("Starts", datetime_picker(ids.STARTS_AT, starts_at), ids.STARTS_AT),
        input_block("Ends", datetime_picker(ids.ENDS_AT, ends_at), ids.ENDS_AT),
        input_block("Reason", why, ids.REASON),
    ]
    return modal(
        "Announce a window",
        blocks,
        callback_id=ids.WINDOW_MODAL,
        submit="Announce",
        private_metadata=ids.encode(context),
    )


def suggested_times(now: datetime) -> tuple[datetime, datetime]:
    """The next quarter of an hour that leaves people at least a quarter, for an hour."""
    start = now.replace(second=0, microsecond=0)
    start += timedelta(minutes=30 - start.minute % 15)
    return start, start + timedelta(hours=1)


def _line(window: Window) -> str:
    words = "open now" if window.state is WindowState.OPEN else "announced"
    return (
        f"{code(window.target)} {words}: {_dates(window)}\n"
        f"{inline(window.reason, 300)}\n{mention(window.announced_by)} · {code(window.id)}"
    )


def _cancel(window: Window) -> Block:
    asks = confirm(
        "Cancel this window?",
        f"Everybody who reads the channel will see that the window for {window.target} is cancelled.",
        "Cancel the window",
        "Keep it",
        "danger",
    )
    return actions("window", button("Cancel window", ids.CANCEL_WINDOW, window.id, confirm=asks))


def _span(window: Window) -> str:
    return f"{date(window.starts_at)} to {date(window.ends_at)}"


def _dates(window: Window) -> str:
    return f"{_span(window)} ({_length(window)})"


def _length(window: Window) -> str:
    return duration((window.ends_at - window.starts_at).total_seconds())
