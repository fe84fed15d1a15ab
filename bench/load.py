"""A steady load of slash commands, on a workspace that this process serves to this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from bench.errors import BenchError
from bench.world import TARGET
from sandbox.delivery.transport import ACKNOWLEDGE_SECONDS
from sandbox.testing import RunningWorkspace

WORDS = ("", "status", f"backups {TARGET}", "health")
"""help, and what people look at: each reads the state database and answers by its response_url"""

MOST_PER_SECOND = 200
MOST_SECONDS = 600

Send = Callable[[str], Awaitable[bool]]
"""Types `/baseliner` and the words; whether the app acknowledged within three seconds."""


@dataclass(frozen=True)
class Answer:
    """How one command fared. `seconds` count from when it was due, so a sender that falls behind does not flatter."""

    seconds: float
    acknowledged: bool

    @property
    def in_time(self) -> bool:
        return self.acknowledged and self.seconds <= ACKNOWLEDGE_SECONDS


def send_commands(
    slack: RunningWorkspace, send: Send, per_second: int, seconds: int, patience: float = 2 * ACKNOWLEDGE_SECONDS
) -> list[Answer]:
    """Type `per_second` commands each second for that long, whatever the answers do.

    Each is given up after three seconds, so few are ever under way. One that has no end `patience` seconds after all
    were due (when the machine is too busy even to send them) was not acknowledged.
    """
    if not (0 < per_second <= MOST_PER_SECOND and 0 < seconds <= MOST_SECONDS):
        raise BenchError(f"a load is at most {MOST_PER_SECOND} commands a second for {MOST_SECONDS} s")
    words = list(islice(cycle(WORDS), per_second * seconds))
    return asyncio.run_coroutine_threadsafe(_send_all(send, words, 1 / per_second, patience), slack.loop).result()


async def _send_all(send: Send, words: Sequence[str], interval: float, patience: float) -> list[Answer]:
    loop = asyncio.get_running_loop()
    started = loop.time()
    answers: dict[int, Answer] = {}

    async def one(number: int, text: str) -> None:
        due = started + number * interval
        await asyncio.sleep(max(0.0, due - loop.time()))
        acknowledged = await send(text)
        answers[number] = Answer(loop.time() - due, acknowledged)

    tasks = [asyncio.create_task(one(number, text)) for number, text in enumerate(words)]
    done, late = await asyncio.wait(tasks, timeout=len(words) * interval + patience)
    ended = loop.time()
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in done:
        task.result()
    return [answers.get(n) or Answer(ended - started - n * interval, False) for n in range(len(words))]
