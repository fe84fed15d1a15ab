"""The load is steady and bounded, and the probe sees when nobody answers."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from slack_sdk import WebClient
from websockets.sync.client import connect

from bench.errors import BenchError
from bench.figures import longest_gap
from bench.load import send_commands
from bench.probe import Probe
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.support import eventually


@pytest.fixture
def slack() -> Iterator[RunningWorkspace]:
    """A workspace whose app is not there."""
    with running_workspace(Workspace(rates=False)) as slack:
        yield slack


@pytest.mark.parametrize(("per_second", "seconds"), [(0, 1), (201, 1), (1, 0), (1, 601)])
def test_a_load_has_limits(slack: RunningWorkspace, per_second: int, seconds: int) -> None:
    with pytest.raises(BenchError, match="at most 200 commands a second"):
        send_commands(slack, per_second, seconds)


def test_commands_come_evenly_and_none_is_forgotten(slack: RunningWorkspace) -> None:
    started = time.monotonic()
    answers = send_commands(slack, 40, 1)
    assert time.monotonic() - started > 0.9
    assert len(answers) == 40
    assert not any(answer.acknowledged or answer.in_time for answer in answers)


def test_what_has_no_end_was_not_acknowledged(slack: RunningWorkspace) -> None:
    """The workspace waits as long as it likes for an app whose socket is open and silent."""
    opened = WebClient(token=slack.workspace.credentials.app_token, base_url=slack.api_url).apps_connections_open(
        app_token=slack.workspace.credentials.app_token
    )
    with connect(opened["url"]) as socket:
        assert "hello" in socket.recv()
        answers = send_commands(slack, 10, 1, patience=0.4)
    assert len(answers) == 10
    assert not any(answer.acknowledged for answer in answers)
    assert [answer.seconds > 0.45 for answer in answers] == [True] * 10


class Application:
    """Answers 200 while it is well, else 503."""

    def __init__(self) -> None:
        self.well = threading.Event()
        self.well.set()
        self.refused = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                well = outer.well.is_set()
                outer.refused += not well
                self.send_response(200 if well else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/health"


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    thread = threading.Thread(target=application.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield application
    application.server.shutdown()
    thread.join()
    application.server.server_close()


def test_an_absence_is_as_long_as_it_was(application: Application) -> None:
    with Probe(application.url) as probe:
        assert probe.answered  # the first good answer was awaited
        application.well.clear()
        eventually(lambda: application.refused >= 6)
        back = time.monotonic()
        application.well.set()
    assert probe.answered[-1] > back
    assert longest_gap(probe.answered) > 0.24  # six refusals, 50 ms apart
