"""Where PostgreSQL's tools run: here, or in a container."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from bot.runtime.leash import Leash, run_leashed
from bot.runtime.process import Finished, run, stream
from bot.runtime.stop import StopSignal


class Hold(Protocol):
    """A hold on a running tool."""

    @property
    def paused(self) -> bool: ...

    def pause(self) -> None:
        """Stop the tool where it is."""
        ...

    def resume(self) -> None: ...


class ToolRunner(Protocol):
    """Runs a tool by argv, to its end, whatever its exit code. Whatever is raised, the tool is gone.

    Raises ToolFailed when it cannot be started or was killed by a signal, Interrupted, or what a callable raised.
    """

    def run(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[], None] | None = None,
    ) -> Finished:
        """Keep what it said; `on_tick` is called about every 0.2 s."""
        ...

    def stream(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
    ) -> Finished:
        """Hand stdout to `sink` in chunks as it comes."""
        ...

    def placed(self, archive: Path, *, contents_alone: bool, stop: StopSignal) -> AbstractContextManager[str]:
        """The path under which tools read the archive until the end of the block.

        With `contents_alone`, only what it contains can be read there, and perhaps no rows.
        """
        ...


@runtime_checkable
class FileSharingRunner(ToolRunner, Protocol):
    """Its tools read and write our files, under the paths that these have here."""

    def run_leashed(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[Hold], None],
    ) -> Finished:
        """Throw stdout away, and let `on_tick` pause and resume the tool."""
        ...


class LocalRunner:
    """Runs tools on this host."""

    def run(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[], None] | None = None,
    ) -> Finished:
        return run(argv, stop=stop, environment=environment, on_tick=on_tick)

    def stream(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
    ) -> Finished:
        return stream(argv, sink, stop=stop, environment=environment)

    def run_leashed(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[Leash], None],
    ) -> Finished:
        return run_leashed(argv, stop=stop, environment=environment, on_tick=on_tick)

    @contextmanager
    def placed(self, archive: Path, *, contents_alone: bool, stop: StopSignal) -> Generator[str]:
        del contents_alone, stop
        yield str(archive)
