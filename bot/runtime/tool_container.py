"""Tools that run in a container of their own: of the database's image, with our folder mounted."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import BaselinerError, ContainerChanged, ContainerGone, EngineFailed
from bot.runtime.docker_engine import Engine
from bot.runtime.leash import Account
from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_failures import not_started
from bot.runtime.tool_inside import Begun, InsideRunner
from bot.runtime.tool_leash import leashed
from bot.runtime.tool_place import Place, passfile_of
from bot.runtime.tool_runner import Hold
from bot.runtime.tool_streams import Streams

OPERATION = "baseliner.operation"
"""Label of our containers: for which operation or backup they work."""
_DATABASE = "baseliner.database"
_TOOL = "baseliner.tool"
_PASSFILE = ".baseliner-pgpass"
_GRACE = 3.0


@dataclass(frozen=True)
class Bound:
    """What a container sees of this host."""

    source: Path
    """as the Engine's host has it"""
    inside: str
    read_only: bool = False


class ContainerRunner(InsideRunner):
    """Runs each tool in a new container.

    `folder` is seen by tools that it is named to, `bound` by all. They run as our account, so that their files are
    ours, unless `account` says otherwise.
    """

    def __init__(
        self,
        engine: Engine,
        place: Place,
        folder: Bound,
        end_sessions: Callable[[], None],
        bound: Sequence[Bound] = (),
        account: Account | None = None,
    ) -> None:
        super().__init__(engine, place, end_sessions)
        self._folder = folder
        self._bound = bound
        self._account = account or Account(os.geteuid(), os.getegid())

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

    @contextmanager
    def _leashed(self, argv: Sequence[str], environment: Mapping[str, str]) -> Generator[Begun]:
        tool, place = Path(argv[0]).name, self._place
        made = ""
        try:
            try:
                with self._engine.asking() as client:
                    made = self._create(client, argv, environment)
                    self._hand_password(client, made, environment)
                    streams = Streams(client.attach_socket(made, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}))
                with _closed_on_failure(streams), self._engine.asking() as client:
                    client.start(made)
            except EngineFailed as error:
                raise not_started(tool, place.name, error) from error
            try:
                yield Begun(made, made[:12], streams)
            finally:
                streams.close()
        finally:
            if made:
                remove(self._engine, made)

    def _create(self, client: Any, argv: Sequence[str], environment: Mapping[str, str]) -> str:
        variables = passfile_of(environment)[0] | {"PGPASSFILE": f"/{_PASSFILE}"}
        shell, *words = leashed(argv, alone=True)
        made = client.create_container(
            self._place.image_id,
            words,
            entrypoint=[shell],
            stdin_open=True,
            user=f"{self._account.uid}:{self._account.gid}",
            environment=variables,
            working_dir="/",
            labels={OPERATION: self._place.owner, _DATABASE: self._place.database, _TOOL: Path(argv[0]).name},
            # Else the image's own check, of a server, runs beside the tool.
            healthcheck={"test": ["NONE"]},
            host_config=client.create_host_config(
                network_mode=self._place.network_mode,
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

        named = any(self._folder.inside in word for word in argv)
        bound = [self._folder, *self._bound] if named else self._bound
        return [Mount(item.inside, str(item.source), type="bind", read_only=item.read_only) for item in bound]

    def _exit_code(self, begun: Begun) -> int | None:
        state = self._engine.inspect(begun.id)["State"]
        return None if state["Running"] else int(state["ExitCode"])

    def _end(self, begun: Begun) -> None:
        with suppress(EngineFailed):
            with self._engine.asking() as client:
                client.kill(begun.id, "SIGTERM")
            # SIGTERM lets the tool cancel what it asked of the server.
            begun.streams.drained(_GRACE)
        remove(self._engine, begun.id)
        self._end_sessions()


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
        found = client.containers(all=True, filters={"label": labels})
    for item in found:
        # Somebody else may be about to remove it, or done with that.
        with suppress(ContainerGone, ContainerChanged), engine.asking() as client:
            client.remove_container(item["Id"], force=True, v=True)


def _tar_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.uid, entry.gid = len(content), 0o600, os.geteuid(), os.getegid()
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
