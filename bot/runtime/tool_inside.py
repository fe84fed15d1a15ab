"""What tools in containers have in common, in whichever container they run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.docker_engine import Engine
from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_ending import ending_of_whole
from bot.runtime.tool_failures import cut_off, judged_inside
from bot.runtime.tool_leash import StdinLeash, leash_lost
from bot.runtime.tool_place import Place
from bot.runtime.tool_streams import Streams

_TICK = 0.2


@dataclass(frozen=True)
class Begun:
    """A process in a container, with the Engine's id for it."""

    id: str
    container: str
    """its name, for people"""
    streams: Streams


class InsideRunner(ABC):
    """Runs tools as `place` says; `end_sessions` ends the sessions that have its application name."""

    def __init__(self, engine: Engine, place: Place, end_sessions: Callable[[], None]) -> None:
        self._engine = engine
        self._place = place
        self._end_sessions = end_sessions

    def run(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[], None] | None = None,
    ) -> Finished:
        chunks: list[bytes] = []
        finished = self._tool(argv, chunks.append, stop, environment, lambda _hold: on_tick() if on_tick else None)
        return Finished(finished.code, b"".join(chunks), finished.stderr)

    def stream(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
    ) -> Finished:
        return self._tool(argv, sink, stop, environment, lambda _hold: None)

    def _tool(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[StdinLeash], None],
        every: float = _TICK,
    ) -> Finished:
        with self._leashed(argv, self._place.environment(environment)) as begun:
            hold = StdinLeash(begun.streams)
            try:
                for chunk in begun.streams.chunks(every):
                    if chunk:
                        sink(chunk)
                    else:
                        on_tick(hold)
                    stop.check()
            except BaseException:
                self._end(begun)
                raise
            return self._finished(argv[0], begun)

    def _finished(self, tool: str, begun: Begun, stdout: bytes = b"") -> Finished:
        """How it ended. Raises ToolFailed for a signal, when it was not heard to its end, or could not be started."""
        name = Path(tool).name
        finished = ending_of_whole(name, begun.container, lambda: self._exit_code(begun), begun.streams, stdout)
        if leash_lost(finished):
            raise cut_off(name, begun.container, finished.stderr)
        return judged_inside(name, self._place.name, finished)

    @abstractmethod
    def _leashed(self, argv: Sequence[str], environment: Mapping[str, str]) -> AbstractContextManager[Begun]:
        """The tool, which ends when we do."""

    @abstractmethod
    def _exit_code(self, begun: Begun) -> int | None:
        """None while it runs. Raises EngineFailed."""

    @abstractmethod
    def _end(self, begun: Begun) -> None:
        """The tool and its sessions are gone afterwards, as far as the Engine and the server can be reached."""
