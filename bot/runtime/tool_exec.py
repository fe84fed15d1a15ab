"""Tools that run in the database's own container, by exec: argv, no TTY, streams apart, the exit code asked for."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tarfile import RECORDSIZE

from bot.errors import EngineFailed, ToolFailed
from bot.runtime.stop import StopSignal
from bot.runtime.tool_ending import ending
from bot.runtime.tool_failures import cut_off, judged_inside, no_room, not_started
from bot.runtime.tool_inside import Begun, InsideRunner
from bot.runtime.tool_leash import leashed
from bot.runtime.tool_place import MARK
from bot.runtime.tool_streams import Streams
from bot.runtime.tool_tar import archive_pieces, archive_size

_GRACE = 5.0
_LOOK_AGAIN = 0.1
_OF_A_CUT = (0, 126)
"""Exit codes of a tool whose connection was cut while it read: by its own word, and by the Engine's."""
SCRATCH = "/tmp"  # noqa: S108 - below it, each operation has a folder of its own with mode 0700
# An exec has no kill, `kill` is a shell's own in slim images, and process ids of the Engine's host mean nothing inside:
# tools are found by their environment. What varies is an argument, never part of the script.
SIGNAL_SCRIPT = (
    'for each in /proc/[0-9]*/environ; do if tr "\\0" "\\n" < "$each" | grep -qxF "$1"; then '
    'pid="${each#/proc/}"; pid="${pid%/environ}"; kill "-$2" "$pid" && echo "$pid"; fi; done 2>/dev/null; true'
)


class ExecRunner(InsideRunner):
    """Runs tools in the database's own container."""

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

    @contextmanager
    def _leashed(self, argv: Sequence[str], environment: Mapping[str, str]) -> Generator[Begun]:
        with self._started(leashed(argv, alone=False), environment, told=True) as begun:
            yield begun

    @contextmanager
    def _started(self, argv: Sequence[str], environment: Mapping[str, str], *, told: bool = False) -> Generator[Begun]:
        place = self._place
        try:
            with self._engine.asking() as client:
                made = client.exec_create(place.container, list(argv), stdin=told, environment=dict(environment))
                begun = Begun(str(made["Id"]), place.name, Streams(client.exec_start(made["Id"], socket=True)))
        except EngineFailed as error:
            raise not_started(Path(argv[0]).name, place.name, error) from error
        try:
            yield begun
        finally:
            begun.streams.close()

    def _exit_code(self, begun: Begun) -> int | None:
        with self._engine.asking() as client:
            told = client.exec_inspect(begun.id)
        return None if told["Running"] or told["ExitCode"] is None else int(told["ExitCode"])

    def _helper(self, argv: Sequence[str], stop: StopSignal) -> str:
        """A small program of the image, to its good end; what it said."""
        said: list[bytes] = []
        with self._started(argv, {"PATH": self._place.path, "LC_ALL": "C"}) as begun:
            for chunk in begun.streams.chunks():
                said.append(chunk)
                stop.check()
            finished = self._finished(argv[0], begun, b"".join(said))
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
        with self._started(argv, environment, told=True) as begun:
            size, whole, streams = 0, False, begun.streams
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
                self._end(begun)
                raise
            finished = ending("tar", begun.container, lambda: self._exit_code(begun), streams)
        if not whole and finished.code in _OF_A_CUT and not finished.stderr:
            raise cut_off("tar", self._place.name, "")
        if judged_inside("tar", self._place.name, finished).code != 0:
            if "No space left" in finished.stderr:
                raise no_room(self._place.name, folder, "it is full")
            raise ToolFailed("tar", f"{finished.status} in the container {self._place.name}", finished.stderr)

    def _end(self, begun: Begun) -> None:
        # Where it cannot be signalled, ending the sessions ends pg_dump and pg_restore too.
        with suppress(ToolFailed, EngineFailed):
            self._terminate()
            begun.streams.drained(_GRACE)
        self._end_sessions()
        begun.streams.drained(_GRACE)

    def _terminate(self) -> str:
        """Ask all tools of the operation to end; the ids of those that were there.

        Never by SIGKILL: the jobs of a pg_restore that is gone belong to the container's first process, the
        postmaster, which takes a killed child for a backend's crash and throws everybody out. SIGTERM lets them exit.
        """
        argv = ["sh", "-c", SIGNAL_SCRIPT, "sh", f"{MARK}={self._place.owner}", "TERM"]
        return ", ".join(self._helper(argv, StopSignal()).split())
