"""Services by their commands, and the health of what they serve."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.errors import Interrupted, ServiceFailed
from bot.runtime.command import CommandRuntime
from bot.runtime.health import await_healthy
from bot.runtime.stop import StopSignal
from bot.settings import Application, ServiceSettings


def runtime(
    marker: Path, *, stop: str = 'rm "$0"', start: str = 'touch "$0"', status: str | None = None
) -> CommandRuntime:
    """A service that runs as long as a file exists."""

    def shell(code: str) -> tuple[str, ...]:
        return ("sh", "-c", code, str(marker))

    service = ServiceSettings(
        name="api", stop=shell(stop), start=shell(start), status=shell(status or 'test -e "$0" || exit 3')
    )
    return CommandRuntime(Application(services=(service,), command_deadline=timedelta(seconds=2)))


def test_a_service_is_started_and_stopped(tmp_path: Path) -> None:
    api = runtime(tmp_path / "running")
    assert not api.running("api")
    api.start("api")
    assert api.running("api")
    api.stop("api")
    assert not api.running("api")


def test_a_command_that_fails_says_what_it_said(tmp_path: Path) -> None:
    api = runtime(tmp_path / "running", stop="echo 'unit not loaded' >&2; exit 5")
    with pytest.raises(
        ServiceFailed, match="stop command of the service api failed: ended with exit code 5: unit not loaded"
    ):
        api.stop("api")


def test_a_command_that_succeeds_without_effect_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="it is not running after 2 s"):
        runtime(tmp_path / "running", start="true").start("api")


def test_a_command_that_hangs_is_ended_at_its_deadline(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="did not end within 2 s"):
        runtime(tmp_path / "running", stop="sleep 300").stop("api")


def test_a_status_that_is_neither_running_nor_stopped_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="status command of the service api failed: ended with exit code 4"):
        runtime(tmp_path / "running", status="exit 4").running("api")


def test_a_service_that_is_not_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="no service 'worker'"):
        runtime(tmp_path / "running").stop("worker")


@contextmanager
def serving(answers: list[tuple[int, str]]) -> Iterator[str]:
    """Gives these answers in turn, the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/health"
        finally:
            server.shutdown()
            thread.join()


def test_health_is_waited_for() -> None:
    with serving([(503, "starting"), (500, "boom"), (200, '{"status":\n "ok"}')]) as url:
        assert await_healthy(url, timedelta(seconds=30), StopSignal()) == '200 {"status": "ok"}'


def test_what_stays_unhealthy_is_quoted() -> None:
    said = "within 1 s; it last said: 503 database is on fire"
    with serving([(503, "database is on fire")]) as url, pytest.raises(ServiceFailed, match=said):
        await_healthy(url, timedelta(seconds=1), StopSignal())


def test_nobody_answers() -> None:
    with pytest.raises(ServiceFailed, match=r"no answer .*refused"):
        await_healthy("http://127.0.0.1:1/health", timedelta(seconds=1), StopSignal())


def test_a_stop_ends_the_wait() -> None:
    stop = StopSignal()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    with pytest.raises(Interrupted):
        await_healthy("http://127.0.0.1:1/health", timedelta(seconds=60), stop)
    timer.join()
