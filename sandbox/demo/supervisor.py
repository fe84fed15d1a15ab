"""Starts the demo, keeps its bot alive, and ends it all."""

import signal
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx

from sandbox.cluster import ClusterError
from sandbox.demo.directory import DirectoryError, claimed
from sandbox.demo.settings import process_environment, write_files
from sandbox.demo.world import DemoError, Tell, World, build_world
from sandbox.installation import MissingPostgresError
from sandbox.processes import HOST, Process, ProcessError, free_port, port_is_free, tail, wait_until

_USAGE = 2
_FAILED = 1
_LOOK_S = 0.25
_READY_S = 120.0
_RESTART_PAUSE_S = 1.0


def run_demo(port: int, directory: Path | None = None) -> int:
    """Run until SIGINT or SIGTERM (a second one stops waiting for anybody). Call from the main thread.

    Standard output has one line, `Ready: …`. `directory` is where everything is kept while it runs; without
    one, a folder named after the port in the system's temporary one.

    Returns 0 after a stop, 1 when a part did not start or ended, 2 when the port is taken or the folder is
    not the demo's.
    """
    started = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - started:5.1f} s  {line}", file=sys.stderr, flush=True)  # noqa: T201

    if not port_is_free(port):
        other = f"make demo PORT={port + 1}, or baseliner demo --port {port + 1}"
        sys.stderr.write(f"port {port} is taken; choose another: {other}\n")
        return _USAGE
    # A shell that starts us in the background has us ignore SIGINT.
    previous = {number: signal.signal(number, signal.default_int_handler) for number in _ENDING}
    place = directory or Path(tempfile.gettempdir(), f"baseliner-demo-{port}")
    try:
        _run(place, port, tell)
    except KeyboardInterrupt:
        tell("stopped")
        return 0
    except DirectoryError as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE
    except (ClusterError, DemoError, MissingPostgresError, ProcessError, TimeoutError) as error:
        sys.stderr.write(f"the demo ended: {error}\nits logs are in {place}\n")
        return _FAILED
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


_ENDING = (signal.SIGINT, signal.SIGTERM)


def _run(place: Path, port: int, tell: Tell) -> None:
    with claimed(place) as directory, ExitStack() as stack, _told_first(tell):
        world = build_world(directory, port, datetime.now(UTC), stack, tell)
        write_files(world)
        bot = Bot(world)
        stack.callback(bot.stop)
        bot.wait_until_ready()
        tell(f"bot as process {bot.pid}; for the command line: . {directory / 'demo.env'}")
        print(f"Ready: {world.workspace.url}", flush=True)  # noqa: T201
        while True:
            _look_after(world, bot, tell)
            time.sleep(_LOOK_S)


@contextmanager
def _told_first(tell: Tell) -> Generator[None]:
    """Before anything is ended, which may take a while."""
    try:
        yield
    except BaseException:
        tell("stopping")
        raise


def _look_after(world: World, bot: "Bot", tell: Tell) -> None:
    if world.workspace.process.poll() is not None:
        raise DemoError(f"the workspace ended:\n{tail(world.workspace.process.log)}")
    if not world.state.cluster.is_running:
        raise DemoError("the server of the state database ended")
    if (code := bot.exit_code()) is not None:
        tell(f"the bot ended with exit code {code} (see {bot.log}); starting it again")
        time.sleep(_RESTART_PAUSE_S)
        bot.start()


class Bot:
    """The bot's process. `bot.pid` in the demo's folder holds its id, for whoever wants to kill it."""

    def __init__(self, world: World) -> None:
        self.log = world.directory / "logs" / "bot.log"
        self._environment = process_environment(world)
        self._pid_file = world.directory / "bot.pid"
        self._port = free_port()
        self._process = self._spawn()

    @property
    def pid(self) -> int:
        """The id of the present process."""
        return self._process.pid

    def start(self) -> None:
        """Start it again after it ended."""
        self._process.stop()
        self._process = self._spawn()

    def stop(self) -> None:
        """End it, by SIGKILL when SIGTERM is not enough."""
        self._process.stop()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_until_ready(self) -> None:
        """Wait for its `/readyz`. Raises DemoError when it ends instead."""
        wait_until(self._is_ready, timeout_s=_READY_S, what=f"a ready bot (see {self.log})", interval_s=0.1)

    def _is_ready(self) -> bool:
        if self.exit_code() is not None:
            raise DemoError(f"the bot did not start:\n{tail(self.log)}")
        with suppress(httpx.TransportError):
            return httpx.get(f"http://{HOST}:{self._port}/readyz", trust_env=False).is_success
        return False

    def _spawn(self) -> Process:
        argv = [sys.executable, "-m", "bot", "serve", "--http", f"{HOST}:{self._port}"]
        process = Process(argv, log=self.log, env=self._environment, grace_s=15.0)
        self._pid_file.write_text(f"{process.pid}\n")
        return process
