"""What the last sweeps found. Reads the state database only, so it can answer at once."""

from __future__ import annotations

from datetime import timedelta

from bot.models import Check, Checklist, CheckState
from bot.operations.context import Context
from bot.store import observations

STALE = timedelta(minutes=3)
"""Three sweeps missed."""
SILENCE = "sweep"


class Health:
    def __init__(self, context: Context) -> None:
        self._context = context

    def latest(self) -> list[Checklist]:
        """One checklist a target; where the sweep is missing or stale, unknown: never green by old news."""
        now = self._context.now()
        with self._context.database.transaction() as connection:
            found = observations.last_sweeps(connection)
        return [
            found[target] if target in found and now - found[target].checked_at <= STALE else self._stale(target, found)
            for target in self._context.settings.targets
        ]

    def _stale(self, target: str, found: dict[str, Checklist]) -> Checklist:
        seen = found.get(target)
        said = f"the last one was at {seen.checked_at:%Y-%m-%d %H:%M} UTC" if seen else "there was none yet"
        check = Check(
            SILENCE,
            "The target is watched",
            CheckState.UNKNOWN,
            f"no sweep in the last {int(STALE.total_seconds() // 60)} minutes; {said}",
            "Are “baseliner serve” and a worker of the target's queue running?",
        )
        return Checklist(target, seen.checked_at if seen else self._context.now(), (check,))
