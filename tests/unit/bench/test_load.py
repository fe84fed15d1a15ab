"""The load is steady and bounded, and the probe sees when nobody answers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from websockets.sync.client import connect

from bench.delivery import over_http, over_socket
from bench.errors import BenchError
from bench.figures import longest_gap
from bench.load import WORDS, Send, send_commands
from bench.probe import Probe
from sandbox.processes import free_port
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.support import eventually

Way = Callable[[RunningWorkspace], Send]


@pytest.fixture
def slack() -> Iterator[RunningWorkspace]:
    """A workspace whose app is not there."""
    with running_workspace(Workspace(rates=False)) as slack:
        yield slack


@pytest.mark.parametrize(("per_second", "seconds"), [(0, 1), (201, 1), (1, 0), (1, 601)])
def test_a_load_has_limits(slack: RunningWorkspace, per_second: int, seconds: int) -> None:
    with pytest.raises(BenchError, match="at most 200 commands a second"):
        send_commands(slack, over_socket(slack), per_second, seconds)


@pytest.mark.parametrize("way", [over_socket, lambda slack: over_http(slack, free_port())], ids=["socket", "http"])
def test_commands_come_evenly_and_none_is_forgotten(slack: RunningWorkspace, way: Way) -> None:
    started = time.monotonic()
    answers = send_commands(slack, way(slack), 40, 1)
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
        answers = send_commands(slack, over_socket(slack), 10, 1, patience=0.4)
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

        class Handler(Quiet):
            def do_GET(self) -> None:
                well = outer.well.is_set()
                outer.refused += not well
                self.answer(200 if well else 503)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/health"


class Judge:
    """Answers 200 to what is signed well, else 401."""

    def __init__(self, verifier: SignatureVerifier) -> None:
        self.forms: list[dict[str, list[str]]] = []
        outer = self

        class Handler(Quiet):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.forms.append(parse_qs(body, keep_blank_values=True))
                self.answer(200 if verifier.is_valid_request(body, dict(self.headers)) else 401)

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


class Quiet(BaseHTTPRequestHandler):
    """Answers with a status alone, and logs nothing."""

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(server: HTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    with served(application.server):
        yield application


def test_an_absence_is_as_long_as_it_was(application: Application) -> None:
    with Probe(application.url) as probe:
        assert probe.answered  # the first good answer was awaited
        application.well.clear()
        eventually(lambda: application.refused >= 6)
        back = time.monotonic()
        application.well.set()
    assert probe.answered[-1] > back
    assert longest_gap(probe.answered) > 0.24  # six refusals, 50 ms apart


@pytest.mark.parametrize("secret", ["the workspace's", "another"])
def test_what_is_posted_is_signed_as_slack_signs(slack: RunningWorkspace, secret: str) -> None:
    """Judged by Slack's own verifier."""
    given = slack.workspace.credentials.signing_secret if secret == "the workspace's" else "another"
    judge = Judge(SignatureVerifier(given))
    with served(judge.server):
        answers = send_commands(slack, over_http(slack, judge.server.server_port), 8, 1)
    assert [answer.acknowledged for answer in answers] == [given != "another"] * 8
    if given != "another":
        assert sorted(form["text"][0] for form in judge.forms) == sorted(WORDS * 2)
        assert {form["command"][0] for form in judge.forms} == {"/baseliner"}
