"""A steady load of slash commands, on a workspace that this process serves to this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from bench.errors import BenchError
from bench.world import TARGET
from sandbox.delivery.transport import ACKNOWLEDGE_SECONDS
from sandbox.people import DB_OPS, OPERATOR
from sandbox.testing import RunningWorkspace

COMMAND = "/baseliner"
WORDS = ("", "status", f"backups {TARGET}", "health")
"""help, and what people look at: each reads the state database and answers by its response_url"""

MOST_PER_SECOND = 200
MOST_SECONDS = 600


@dataclass(frozen=True)
class Answer:
    """How one command fared. `seconds` count from when it was due, so a sender that falls behind does not flatter."""

    seconds: float
    acknowledged: bool

    @property
    def in_time(self) -> bool:
        return self.acknowledged and self.seconds <= ACKNOWLEDGE_SECONDS


def send_commands(slack: RunningWorkspace, per_second: int, seconds: int) -> list[Answer]:
    """Type `per_second` commands each second for that long, whatever the answers do; returns when all are answered.

    The workspace gives each up after three seconds, so no more than three seconds' worth are ever under way.
    """
    if not (0 < per_second <= MOST_PER_SECOND and 0 < seconds <= MOST_SECONDS):
        raise BenchError(f"a load is at most {MOST_PER_SECOND} commands a second for {MOST_SECONDS} s")
    words = list(islice(cycle(WORDS), per_second * seconds))
    sending = asyncio.run_coroutine_threadsafe(_send(slack, words, 1 / per_second), slack.loop)
    return sending.result(seconds + 10 * ACKNOWLEDGE_SECONDS)


async def _send(slack: RunningWorkspace, words: Sequence[str], interval: float) -> list[Answer]:
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def one(number: int, text: str) -> Answer:
        due = started + number * interval
        await asyncio.sleep(max(0.0, due - loop.time()))
        outcome = await slack.sandbox.acts.command(OPERATOR.id, DB_OPS.id, COMMAND, text)
        return Answer(loop.time() - due, outcome.acknowledged)

    return await asyncio.gather(*(one(number, text) for number, text in enumerate(words)))
