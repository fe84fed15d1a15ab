"""Tools that run in a container of their own: of the database's image, in its network, with our folder mounted."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.errors import BaselinerError, ContainerGone, EngineFailed
from bot.runtime.docker_engine import Engine
from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_failures import broke_off, cut_off, judged_inside, not_started
from bot.runtime.tool_place import Place, passfile_of
from bot.runtime.tool_runner import Hold
from bot.runtime.tool_streams import Streams

OPERATION = "baseliner.operation"
"""Label of our containers: for which operation or backup they work."""
_DATABASE = "baseliner.database"
_TOOL = "baseliner.tool"
_PASSFILE = ".baseliner-pgpass"
_GRACE = 3.0
_SETTLED_WITHIN = 3.0
_SIGNALS_FROM = 128


class ContainerRunner:
    """Runs each tool in a new container.

    `folder`, of this host, lies at `source` for the Engine's host, and is seen by tools under its own path. They run
    as our account, so that their files are ours. `end_sessions` ends the sessions that have the application name.
    """

    def __init__(
        self, engine: Engine, place: Place, folder: Path, source: Path, end_sessions: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._place = place
        self._folder = folder
        self._source = source
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

    def run_leashed(
        self,
        argv: Sequence[str],
        *,
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[Hold], None],
    ) -> Finished:
        return self._tool(argv, lambda _chunk: None, stop, environment, on_tick, every=0.05)

    @contextmanager
    def placed(self, archive: Path, *, contents_alone: bool, stop: StopSignal) -> Generator[str]:
        del contents_alone, stop
        yield str(archive)

    def _tool(
        self,
        argv: Sequence[str],
        sink: Callable[[bytes], None],
        stop: StopSignal,
        environment: Mapping[str, str],
        on_tick: Callable[[Hold], None],
        every: float = 0.2,
    ) -> Finished:
        with self._started(argv, self._place.environment(environment)) as (made, streams):
            hold = _Paused(self._engine, made)
            try:
                for chunk in streams.chunks(every):
                    if chunk:
                        sink(chunk)
                    else:
                        on_tick(hold)
                    stop.check()
            except BaseException:
                self._end(made, hold, streams)
                raise
            return self._finished(Path(argv[0]).name, made, streams)

    @contextmanager
    def _started(self, argv: Sequence[str], environment: Mapping[str, str]) -> Generator[tuple[str, Streams]]:
        tool, place = Path(argv[0]).name, self._place
        made = ""
        try:
            try:
                with self._engine.asking() as client:
                    made = self._create(client, argv, environment)
                    self._hand_password(client, made, environment)
                    streams = Streams(client.attach_socket(made, {"stdout": 1, "stderr": 1, "stream": 1}))
                with _closed_on_failure(streams), self._engine.asking() as client:
                    client.start(made)
            except EngineFailed as error:
                raise not_started(tool, place.name, error) from error
            try:
                yield made, streams
            finally:
                streams.close()
        finally:
            if made:
                remove(self._engine, made)

    def _create(self, client: Any, argv: Sequence[str], environment: Mapping[str, str]) -> str:
        variables = passfile_of(environment)[0] | {"PGPASSFILE": f"/{_PASSFILE}"}
        made = client.create_container(
            self._place.image_id,
            list(argv[1:]),
            entrypoint=[argv[0]],
            user=f"{os.geteuid()}:{os.getegid()}",
            environment=variables,
            working_dir="/",
            labels={OPERATION: self._place.owner, _DATABASE: self._place.database, _TOOL: Path(argv[0]).name},
            host_config=client.create_host_config(
                # In the database's own network namespace, it is reached whatever its networks are.
                network_mode=f"container:{self._place.container}",
                mounts=self._mounts(argv),
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                log_config={"type": "none"},
            ),
        )["Id"]
        return str(made)

    def _hand_password(self, client: Any, made: str, environment: Mapping[str, str]) -> None:
        """As a file, which ends with the container: its environment is seen by everybody who may inspect it."""
        if passline := passfile_of(environment)[1]:
            client.put_archive(made, "/", _tar_of(_PASSFILE, passline.encode()))

    def _mounts(self, argv: Sequence[str]) -> list[Any]:
        from docker.types import Mount

        if not any(str(self._folder) in word for word in argv):
            return []
        return [Mount(str(self._folder), str(self._source), type="bind")]

    def _finished(self, tool: str, made: str, streams: Streams) -> Finished:
        """How it ended. Raises ToolFailed for a signal, or when it was not heard to its end."""
        ends_at = streams.ended_at + _SETTLED_WITHIN
        try:
            state = self._engine.inspect(made)["State"]
            # The streams may end a moment before the Engine has heard of the process's end.
            while state["Running"] and time.monotonic() < ends_at:
                time.sleep(0.02)
                state = self._engine.inspect(made)["State"]
        except ContainerGone as error:
            raise broke_off(tool, made[:12], streams.stderr) from error
        if state["Running"]:
            raise cut_off(tool, made[:12], streams.stderr)
        code = int(state["ExitCode"])
        finished = Finished(_SIGNALS_FROM - code if code > _SIGNALS_FROM else code, b"", streams.stderr)
        if streams.broken:
            raise cut_off(tool, made[:12], streams.stderr)
        return judged_inside(tool, self._place.name, finished)

    def _end(self, made: str, hold: _Paused, streams: Streams) -> None:
        """The tool and its sessions are gone afterwards, as far as the Engine and the server can be reached."""
        with suppress(EngineFailed):
            if hold.paused:
                hold.resume()
            with self._engine.asking() as client:
                client.kill(made, "SIGTERM")
            # SIGTERM lets the tool cancel what it asked of the server.
            streams.drained(_GRACE)
        remove(self._engine, made)
        self._end_sessions()


class _Paused:
    """A hold on a container."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine = engine
        self._container = container
        self.paused = False

    def pause(self) -> None:
        # It may have ended this very moment, which is told by its streams.
        with suppress(EngineFailed), self._engine.asking() as client:
            client.pause(self._container)
            self.paused = True

    def resume(self) -> None:
        with self._engine.asking() as client:
            client.unpause(self._container)
        self.paused = False


@contextmanager
def _closed_on_failure(streams: Streams) -> Generator[None]:
    try:
        yield
    except BaseException:
        streams.close()
        raise


def remove(engine: Engine, container: str) -> None:
    """End and remove one of our containers; fine when it is gone, or the Engine: a sweep comes later."""
    with suppress(BaselinerError), engine.asking() as client:
        client.remove_container(container, force=True, v=True)


def remove_all(engine: Engine, database: str, owner: str) -> None:
    """Remove what a worker that was killed left for `owner` beside a `Place.database`. Raises EngineFailed."""
    # An Engine may be shared with another Baseliner, whose ids need not differ from ours.
    labels = [f"{OPERATION}={owner}", f"{_DATABASE}={database}"]
    with engine.asking() as client:
        for item in client.containers(all=True, filters={"label": labels}):
            client.remove_container(item["Id"], force=True, v=True)


def _tar_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.uid, entry.gid = len(content), 0o600, os.geteuid(), os.getegid()
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
