"""`baseliner serve` and `baseliner worker`: long-lived processes, and how they end."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from bot.attached import AttachedWorker, stop_when_detached
from bot.errors import BaselinerError, UsageError
from bot.jobs import Worker
from bot.leader import Leadership
from bot.probes import http_app
from bot.settings import Settings
from bot.storage import warm_up
from bot.store import schema
from bot.wiring import House, SlackSide, open_house, slack_side

_log = logging.getLogger(__name__)
_PATIENCE = 40.0


def serve(settings: Settings, http: str, worker_options: Sequence[str] | None) -> None:
    """Slack, schedules and (unless its options are None) one worker, until SIGINT or SIGTERM."""
    dsn = settings.state.dsn.get_secret_value()
    _log.info("state schema at revision %s", schema.upgrade(dsn))
    stop = threading.Event()
    with _signals(stop), open_house(settings, os.environ) as house, slack_side(house) as slack, ExitStack() as stack:
        leadership = Leadership(house.context.database, lambda: _duties(house, slack))
        threads = [_Thread("leader", leadership.run, stop)]
        worker = AttachedWorker(worker_options, _PATIENCE) if worker_options is not None else None
        if worker is not None:
            threads.append(_Thread("worker", worker.run, stop))
        stack.enter_context(_all_running(threads, stop))

        def readiness() -> dict[str, bool]:
            return {
                "state_database": _answers(house),
                "slack": slack.connected(),
                "leader": threads[0].is_alive(),
                **({"worker": worker.running} if worker is not None else {}),
            }

        stack.enter_context(_http_server(http_app(house.services, readiness, slack.routes), http))
        _log.info("serving on %s", http)
        stop.wait()
        _log.info("stopping: running work is brought to an end and cleaned up")


def work(settings: Settings, queue: str, http: str | None = None, *, attached: bool = False) -> None:
    """One worker, with probes at `http`, until SIGINT or SIGTERM, or, when attached, the end of standard input."""
    dsn = settings.state.dsn.get_secret_value()
    schema.upgrade(dsn)
    warm_up(settings.storage.values())
    stop = threading.Event()
    if attached:
        stop_when_detached(stop)
    with _signals(stop), open_house(settings, os.environ) as house, ExitStack() as stack:
        worker = _Thread("worker", Worker(dsn, queue, house.work).run, stop)
        stack.enter_context(_all_running([worker], stop))
        if http is not None:

            def readiness() -> dict[str, bool]:
                return {"state_database": _answers(house), "worker": worker.is_alive()}

            stack.enter_context(_http_server(http_app(house.services, readiness), http))
        _log.info("working on queue %s", queue)
        stop.wait()


@contextmanager
def _duties(house: House, slack: SlackSide) -> Generator[None]:
    ended = threading.Event()
    publisher = _Thread("publisher", slack.publish, ended)
    with house.clockwork.running(), _all_running([publisher], ended):
        yield


class _Thread(threading.Thread):
    """Runs until its event is set; one that ends before that is a fault, and is told to whoever waits."""

    def __init__(self, name: str, run: Callable[[threading.Event], None], stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._work = run
        self._stop_event = stop

    def run(self) -> None:
        try:
            self._work(self._stop_event)
        except Exception:
            _log.exception("the %s died", self.name)
            self._stop_event.set()
            raise


@contextmanager
def _all_running(threads: Sequence[_Thread], stop: threading.Event) -> Generator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(_PATIENCE + 5)


@contextmanager
def _signals(stop: threading.Event) -> Generator[None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Leaves the signals to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextmanager
def _http_server(app: Starlette, address: str) -> Generator[None]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"{address!r} is not HOST:PORT.", "For example: --http 127.0.0.1:8080")
    server = _Server(uvicorn.Config(app, host=host.strip("[]"), port=int(port), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise UsageError(f"Cannot listen on {address}.", "Is the port taken? Choose another with --http.")
            thread.join(0.05)
        yield
    finally:
        server.should_exit = True
        thread.join(5)


def _answers(house: House) -> bool:
    try:
        with house.context.database.transaction() as connection:
            connection.execute("SELECT 1")
    except (BaselinerError, OSError):
        return False
    return True
