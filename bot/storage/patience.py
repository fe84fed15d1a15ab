"""How long the bad moments of a storage are waited out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from bot.storage.s3_errors import is_transient

Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """Seconds between attempts, of which there is one more than pauses, and seconds that one answer may take.

    Ours instead of botocore's own retries: those are drawn by lot, so a minute of 503 may outlast all of them.
    """

    pauses: Sequence[float] = (0.5, 1, 2, 4, 8, 15, 15, 15, 15)
    answer_within: float = 60.0

    @property
    def short(self) -> Patience:
        """For what somebody waits for, or what can be done later."""
        return Patience(self.pauses[:2], self.answer_within)

    def attempt(self, act: Callable[[], Result], given_up: Event | None = None) -> Result:
        """Act until it works. Raises the last of botocore's errors; at once where waiting would not help.

        `given_up` ends a pause, and with it the attempts.
        """
        given_up = given_up or Event()
        for pause in self.pauses:
            try:
                return act()
            except (BotoCoreError, ClientError) as error:
                if not is_transient(error) or given_up.wait(pause):
                    raise
        return act()
