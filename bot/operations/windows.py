"""Maintenance windows: announced, opened and closed at their times, cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.errors import Conflict, NotFound, UsageError
from bot.models import Actor, SubjectKind, Surface, Window, WindowRequest, WindowState
from bot.operations.context import Context
from bot.policy import may_request
from bot.store import audit, messages, windows
from bot.store.database import Connection

_LATE = timedelta(minutes=2)
_FARTHEST = timedelta(days=366)
_LONGEST = timedelta(days=7)
CLOCKWORK = Actor("clock", "the clock", Surface.SCHEDULE)


class Windows:
    def __init__(self, context: Context) -> None:
        self._context = context

    def announce(self, request: WindowRequest, actor: Actor, channel: str | None = None) -> Window:
        """Write the window down and ask for its announcement. Raises NotFound, Refused, UsageError."""
        self._context.target(request.target)
        verdict = may_request(actor, *self._context.facts(request.target, actor), channel)
        self._context.demand(verdict, actor, "window.announce", request.target)
        now = self._context.now()
        _check_times(request, now)
        window = Window(
            id=self._context.new_id(),
            target=request.target,
            starts_at=max(request.starts_at, now),
            ends_at=request.ends_at,
            reason=request.reason.strip(),
            state=WindowState.SCHEDULED,
            announced_by=actor,
            version=1,
            channel=channel,
        )
        with self._context.database.transaction() as connection:
            windows.insert(connection, window, now)
            for place in self._places(channel):
                messages.want(connection, SubjectKind.WINDOW, window.id, place, now)
            self._audit(connection, window, actor, "announce", "announced")
        return window

    def cancel(self, window_id: str, actor: Actor) -> Window:
        """Raises NotFound, Refused; Conflict when it is over."""
        window = self.get(window_id)
        verdict = may_request(actor, *self._context.facts(window.target, actor))
        self._context.demand(verdict, actor, "window.cancel", window.target)
        with self._context.database.transaction() as connection:
            before = (WindowState.SCHEDULED, WindowState.OPEN)
            if not windows.transition(connection, window_id, before, WindowState.CANCELLED):
                raise Conflict("This window is over or cancelled already.", "Announce a new one if it is needed.")
            self._audit(connection, window, actor, "cancel", "cancelled")
        return self.get(window_id)

    def get(self, window_id: str) -> Window:
        with self._context.database.transaction() as connection:
            window = windows.get(connection, window_id)
        if window is None:
            raise NotFound(f"There is no window {window_id!r}.", "List them: /baseliner window list")
        return window

    def upcoming(self, target: str | None = None) -> list[Window]:
        """Scheduled and open ones, by their start."""
        with self._context.database.transaction() as connection:
            return windows.to_come(connection, target)

    def advance(self) -> list[Window]:
        """Open and close whatever is due, each edge once. Returns the windows that moved."""
        now = self._context.now()
        moved = []
        for window in self.upcoming():
            if window.ends_at <= now:
                moved += self._edge(window, (WindowState.SCHEDULED, WindowState.OPEN), WindowState.CLOSED, "end")
            elif window.starts_at <= now:
                moved += self._edge(window, (WindowState.SCHEDULED,), WindowState.OPEN, "start")
        return moved

    def _edge(self, window: Window, before: tuple[WindowState, ...], after: WindowState, edge: str) -> list[Window]:
        now = self._context.now()
        with self._context.database.transaction() as connection:
            if not windows.transition(connection, window.id, before, after):
                return []
            for place in self._places(window.channel):
                parent = messages.want(connection, SubjectKind.WINDOW, window.id, place, now)
                messages.want(connection, SubjectKind.WINDOW_EDGE, window.id, place, now, detail=edge, thread_of=parent)
            self._audit(connection, window, CLOCKWORK, edge, after)
        return [self.get(window.id)]

    def _places(self, channel: str | None) -> list[str]:
        operations = self._context.settings.slack.channels.operations
        return [operations] if channel in (None, operations) else [operations, str(channel)]

    def _audit(self, connection: Connection, window: Window, actor: Actor, action: str, result: str) -> None:
        detail = {
            "window_id": window.id,
            "starts_at": window.starts_at,
            "ends_at": window.ends_at,
            "reason": window.reason,
        }
        new = action == "announce"
        audit.append(
            connection,
            self._context.now(),
            actor,
            f"window.{action}",
            result,
            target=window.target,
            before=None if new else window.state,
            after=window.state if new else result,
            detail=detail,
        )


def open_window(connection: Connection, target: str, now: datetime) -> Window | None:
    """The announced window of a target that this moment falls into."""
    to_come = windows.to_come(connection, target)
    return next((window for window in to_come if window.starts_at <= now < window.ends_at), None)


def _check_times(request: WindowRequest, now: datetime) -> None:
    if request.ends_at <= request.starts_at:
        raise UsageError("The window ends before it starts.", "Give a start and a later end.")
    if request.ends_at <= now:
        raise UsageError("The window would be over already.", "Give times to come.")
    if request.starts_at < now - _LATE:
        raise UsageError("The window would have started in the past.", "Start it now or later.")
    if request.starts_at > now + _FARTHEST:
        raise UsageError("The window would start more than a year from now.", "Announce it nearer to its time.")
    if request.ends_at - request.starts_at > _LONGEST:
        raise UsageError("The window is longer than 7 days.", "Announce shorter ones; a window is for one change.")
