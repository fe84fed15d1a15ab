"""Tools that run in the database's own container, by exec: argv, no TTY, streams apart, the exit code asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tarfile import RECORDSIZE

from bot.errors import ContainerGone, EngineFailed, ToolFailed
from bot.runtime.docker_engine import Engine
from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_failures import broke_off, cut_off, judged_inside, no_room, not_started
from bot.runtime.tool_place import MARK, Place
from bot.runtime.tool_streams import Streams
from bot.runtime.tool_tar import archive_pieces, archive_size

_GRACE = 5.0
_LOOK_AGAIN = 0.1
_SETTLED_WITHIN = 3.0
_SIGNALS_FROM = 128
_OF_A_CUT = (0, 126)
"""Exit codes of a tool whose connection was cut while it read: by its own word, and by the Engine's."""
SCRATCH = "/tmp"  # noqa: S108 - below it, each operation has a folder of its own with mode 0700
# An exec has no kill, `kill` is a shell's own in slim images, and process ids of the Engine's host mean nothing inside:
# tools are found by their environment. What varies is an argument, never part of the script.
SIGNAL_SCRIPT = (
    'for each in /proc/[0-9]*/environ; do if tr "\\0" "\\n" < "$each" | grep -qxF "$1"; then '
    'pid="${each#/proc/}"; pid="${pid%/environ}"; kill "-$2" "$pid" && echo "$pid"; fi; done 2>/dev/null; true'
)


class ExecRunner:
    """Runs tools in the container of `place`; `end_sessions` ends the sessions that have its application name."""

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
        finished = self._tool(argv, chunks.append, stop, environment, on_tick)
        return Finished(finished.code, b"".join(chunks), finished.stderr)

    def stream(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
    ) -> Finished:
        return self._tool(argv, sink, stop, environment, None)

    @contextmanager
    def placed(self, archive: Path, *, contents_alone: bool, stop: StopSignal) -> Generator[str]:
        """A copy in the container, gone at the end of the block. Raises ToolFailed where there is no room for it."""
        folder = self._scratch()
        self._helper(["rm", "-rf", folder], stop)
        self._helper(["mkdir", "-m", "700", folder], stop)
        try:
            # All of it comes later, when services are stopped already: no room is found out now.
            self._demand_room(archive_size(archive), stop)
            self._unpack(folder, archive_pieces(archive, contents_alone=contents_alone), stop)
            yield f"{folder}/{archive.name}"
        finally:
            with suppress(ToolFailed, EngineFailed):
                self._helper(["rm", "-rf", folder], StopSignal())

    def clean_up(self) -> None:
        """End and remove all that a worker which was killed left in the container. Raises ToolFailed, EngineFailed."""
        ends_at = time.monotonic() + 2 * _GRACE
        while running := self._terminate():
            self._end_sessions()
            if time.monotonic() > ends_at:
                raise ToolFailed("A tool", f"in the container {self._place.name} does not end", f"pid {running}")
            time.sleep(_LOOK_AGAIN)
        self._helper(["rm", "-rf", self._scratch()], StopSignal())

    def _scratch(self) -> str:
        return f"{SCRATCH}/baseliner-{self._place.owner}"

    def _tool(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[], None] | None,
    ) -> Finished:
        with self._started(argv, self._place.environment(environment)) as (exec_id, streams):
            try:
                for chunk in streams.chunks():
                    if chunk:
                        sink(chunk)
                    elif on_tick is not None:
                        on_tick()
                    stop.check()
            except BaseException:
                self._end(streams)
                raise
            return self._finished(argv[0], exec_id, streams)

    @contextmanager
    def _started(
        self, argv: Sequence[str], environment: Mapping[str, str], *, told: bool = False
    ) -> Generator[tuple[str, Streams]]:
        place = self._place
        try:
            with self._engine.asking() as client:
                made = client.exec_create(place.container, list(argv), stdin=told, environment=dict(environment))
                exec_id = str(made["Id"])
                streams = Streams(client.exec_start(exec_id, socket=True))
        except EngineFailed as error:
            raise not_started(Path(argv[0]).name, place.name, error) from error
        try:
            yield exec_id, streams
        finally:
            streams.close()

    def _finished(self, tool: str, exec_id: str, streams: Streams, stdout: bytes = b"") -> Finished:
        """How it ended. Raises ToolFailed for a signal, when it was not heard to its end, or could not be started."""
        name, place = Path(tool).name, self._place.name
        finished = self._settled(name, exec_id, streams, stdout)
        # First: of what was cut, the Engine tells an exit code of 126, as of what it could not start.
        if streams.broken:
            raise cut_off(name, place, streams.stderr)
        return judged_inside(name, place, finished)

    def _settled(self, tool: str, exec_id: str, streams: Streams, stdout: bytes = b"") -> Finished:
        ends_at = streams.ended_at + _SETTLED_WITHIN
        try:
            with self._engine.asking() as client:
                told = client.exec_inspect(exec_id)
                # The streams may end a moment before the Engine has heard of the process's end.
                while (told["Running"] or told["ExitCode"] is None) and time.monotonic() < ends_at:
                    time.sleep(0.02)
                    told = client.exec_inspect(exec_id)
        except ContainerGone as error:
            raise broke_off(tool, self._place.name, streams.stderr) from error
        if told["Running"] or told["ExitCode"] is None:
            raise cut_off(tool, self._place.name, streams.stderr)
        code = int(told["ExitCode"])
        return Finished(_SIGNALS_FROM - code if code > _SIGNALS_FROM else code, stdout, streams.stderr)

    def _helper(self, argv: Sequence[str], stop: StopSignal) -> str:
        """A small program of the image, to its good end; what it said."""
        said: list[bytes] = []
        with self._started(argv, {"PATH": self._place.path, "LC_ALL": "C"}) as (exec_id, streams):
            for chunk in streams.chunks():
                said.append(chunk)
                stop.check()
            finished = self._finished(argv[0], exec_id, streams, b"".join(said))
        if finished.code != 0:
            raise ToolFailed(argv[0], f"{finished.status} in the container {self._place.name}", finished.stderr)
        return finished.stdout.decode("utf-8", "replace")

    def _demand_room(self, needed: int, stop: StopSignal) -> None:
        lines = self._helper(["df", "-Pk", self._scratch()], stop).splitlines()
        free = int(lines[-1].split()[3]) * 1024
        if free < needed:
            raise no_room(self._place.name, self._scratch(), f"{free:,} bytes are free, {needed:,} are needed")

    def _unpack(self, folder: str, pieces: Iterator[bytes | memoryview], stop: StopSignal) -> None:
        argv = ["tar", "-x", "-f", "-", "-o", "-C", folder]
        environment = {"PATH": self._place.path, "LC_ALL": "C", MARK: self._place.owner}
        with self._started(argv, environment, told=True) as (exec_id, streams):
            size, whole = 0, False
            try:
                # When it ended before all was told, its exit code and stderr say why.
                with suppress(OSError):
                    for piece in pieces:
                        streams.tell(piece, stop)
                        size += len(piece)
                    whole = True
                    # GNU tar waits for a whole record where it cannot be told the end; others may be gone already.
                    streams.tell(bytes(-size % RECORDSIZE), stop)
                    streams.tell_end()
                for _ in streams.chunks():
                    stop.check()
            except BaseException:
                self._end(streams)
                raise
            finished = self._settled("tar", exec_id, streams)
        if not whole and finished.code in _OF_A_CUT and not finished.stderr:
            raise cut_off("tar", self._place.name, "")
        if judged_inside("tar", self._place.name, finished).code != 0:
            if "No space left" in finished.stderr:
                raise no_room(self._place.name, folder, "it is full")
            raise ToolFailed("tar", f"{finished.status} in the container {self._place.name}", finished.stderr)

    def _end(self, streams: Streams) -> None:
        """The tool and its sessions are gone afterwards, as far as the Engine and the server can be reached."""
        # Where it cannot be signalled, ending the sessions ends pg_dump and pg_restore too.
        with suppress(ToolFailed, EngineFailed):
            self._terminate()
            streams.drained(_GRACE)
        self._end_sessions()
        streams.drained(_GRACE)

    def _terminate(self) -> str:
        """Ask all tools of the operation to end; the ids of those that were there.

        Never by SIGKILL: the jobs of a pg_restore that is gone belong to the container's first process, the
        postmaster, which takes a killed child for a backend's crash and throws everybody out. SIGTERM lets them exit.
        """
        argv = ["sh", "-c", SIGNAL_SCRIPT, "sh", f"{MARK}={self._place.owner}", "TERM"]
        return ", ".join(self._helper(argv, StopSignal()).split())
