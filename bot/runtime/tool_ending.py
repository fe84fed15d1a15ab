"""How a process in a container ended: by its streams, and by the Engine's word."""

from __future__ import annotations

import time
from collections.abc import Callable
from signal import Signals

from bot.errors import ContainerGone
from bot.runtime.process import Finished
from bot.runtime.tool_failures import broke_off, cut_off
from bot.runtime.tool_streams import Streams

_SETTLED_WITHIN = 3.0
_LOOK_EVERY = 0.02
_SIGNALS = {128 + number: -int(number) for number in Signals}
"""Exit codes of what a signal has ended. Others above 128 are a program's own: Alembic fails with 255."""


def ending(
    tool: str, container: str, exit_code: Callable[[], int | None], streams: Streams, stdout: bytes = b""
) -> Finished:
    """Of a process whose streams have ended; `exit_code` asks the Engine, which tells None while it runs.

    Raises ToolFailed when its container went away, or when it runs on: then it was not heard to its end.
    """
    until = streams.ended_at + _SETTLED_WITHIN
    try:
        # The streams may end a moment before the Engine has heard of the process's end.
        while (code := exit_code()) is None and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)
    except ContainerGone as error:
        raise broke_off(tool, container, streams.stderr) from error
    if code is None:
        raise cut_off(tool, container, streams.stderr)
    return Finished(_SIGNALS.get(code, code), stdout, streams.stderr)


def ending_of_whole(
    tool: str, container: str, exit_code: Callable[[], int | None], streams: Streams, stdout: bytes = b""
) -> Finished:
    """The same for one whose every byte counts: raises ToolFailed as well where the connection with it was cut."""
    finished = ending(tool, container, exit_code, streams, stdout)
    # Whatever the code is: of what was cut, the Engine tells 126, as of what it could not start.
    if streams.broken:
        raise cut_off(tool, container, streams.stderr)
    return finished
