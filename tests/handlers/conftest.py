"""The app on a strict workspace, over signed HTTP, with real services on a real state database."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import uvicorn
from slack_bolt import App
from slack_sdk import WebClient
from starlette.applications import Starlette

import handlers
from bot.clock import SystemClock
from bot.jobs import JobQueue
from bot.models import Operation, OperationState
from bot.operations.context import Context
from bot.runtime.stop import StopSignal
from bot.services import Services
from bot.settings import Settings
from bot.store.database import StateDatabase
from bot.wiring import House, build
from handlers.pace import Allowance, Pace
from sandbox.manifest import load_manifest
from sandbox.model import Channel
from sandbox.people import default_community
from sandbox.person import PersonClient
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.conftest import Clusters
from tests.support import Database, eventually, fresh_database

ROOT = Path(__file__).parents[2]
OPS, ALERTS, APPROVALS, ELSEWHERE = "C0DBOPS001", "C0DBALERTS", "C0DBAPPROV", "C0ELSEWHER"
OPERATOR, APPROVER, SECOND, DEVELOPER = "U0OPERATOR", "U0APPROVER", "U0APPROVER2", "U0DEVELOPER"
REFERENCE = "0badcafe"
UNLIMITED = Allowance(1000, timedelta(0))

MakeDesk = Callable[..., "Desk"]


@dataclass(frozen=True)
class Desk:
    """A workspace with the bot in it."""

    slack: RunningWorkspace
    house: House
    app: App
    publisher: handlers.Publisher

    @property
    def services(self) -> Services:
        return self.house.services

    @property
    def person(self) -> PersonClient:
        return self.slack.person

    def type(self, text: str, user: str = OPERATOR, channel: str = OPS) -> None:
        self.person.command(user, channel, "/baseliner", text)

    def answer(self, user: str = OPERATOR, channel: str = OPS) -> str:
        """The words of the newest answer that only this person sees."""
        return words_of(self.person.wait_for_message(channel, _ephemeral, user=user))

    def ask(self, text: str, user: str = OPERATOR, channel: str = OPS) -> str:
        """Type a command and read its answer."""
        seen = len([m for m in self.person.messages(channel, user) if _ephemeral(m)])
        self.type(text, user, channel)
        eventually(lambda: len([m for m in self.person.messages(channel, user) if _ephemeral(m)]) > seen)
        return self.answer(user, channel)

    def modal(self, user: str = OPERATOR) -> dict[str, Any]:
        return self.person.wait_for_view(user)

    def draw(self) -> None:
        """Until Slack shows what the state wants."""

        def drawn() -> bool:
            self.publisher.draw_due()
            return self.services.drawings.undrawn() == 0

        eventually(drawn)

    def posts(self, channel: str = OPS) -> list[dict[str, Any]]:
        """What everybody sees, oldest first."""
        return self.person.messages(channel)

    def card(self) -> dict[str, Any]:
        """The newest approval card."""
        return [post for post in self.posts(APPROVALS) if post.get("thread_ts") in (None, post["ts"])][-1]

    def replies(self, to: dict[str, Any], channel: str = APPROVALS) -> list[dict[str, Any]]:
        """What stands in a message's thread, oldest first."""
        return [post for post in self.posts(channel) if post.get("thread_ts") == to["ts"] and post["ts"] != to["ts"]]

    def run(self, operation_id: str) -> Operation:
        """Do the work that was deferred."""
        operation = self.house.work.runner.run(operation_id, StopSignal())
        assert operation is not None
        return operation

    def latest(self) -> Operation:
        return self.services.overview.targets()[0].recent[0]


def words_of(message: dict[str, Any]) -> str:
    """Every text of a message, one a line."""
    return f"{message['text']}\n{_texts(message['blocks'])}"


def button(message: dict[str, Any], action_id: str) -> dict[str, Any] | None:
    elements = [e for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]
    return next((element for element in elements if element["action_id"] == action_id), None)


def _texts(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(map(_texts, value))
    if isinstance(value, dict):
        return "\n".join([value["text"]] if isinstance(value.get("text"), str) else map(_texts, value.values()))
    return ""


def _ephemeral(message: dict[str, Any]) -> bool:
    return bool(message["ephemeral"])


@pytest.fixture
def target(clusters: Clusters) -> Iterator[Database]:
    """A database under care, with 1,000 rows."""
    with fresh_database(clusters.get(16), "inventory") as database:
        database.cluster.execute(
            "CREATE TABLE devices AS SELECT g AS id, 'device ' || g AS name FROM generate_series(1, 1000) g",
            database=database.name,
        )
        yield database


@pytest.fixture
def settings(upgraded_state_dsn: str, target: Database, tmp_path: Path) -> Settings:
    """One target, inventory."""
    return settings_of(upgraded_state_dsn, target, tmp_path)


def settings_of(state_dsn: str, target: Database, folder: Path) -> Settings:
    (folder / "storage").mkdir(mode=0o700)
    return Settings.model_validate(
        {
            "state": {"dsn": state_dsn},
            "staging": {"path": folder / "staging"},
            "slack": {
                "team_id": "T0SANDBOX1",
                "channels": {"operations": OPS, "approvals": APPROVALS, "alerts": ALERTS},
            },
            "policy": {"requesters": [OPERATOR, APPROVER], "approvers": [APPROVER, SECOND]},
            "storage": {"local": {"type": "directory", "path": folder / "storage"}},
            "targets": {"inventory": {"dsn": target.dsn, "storage": "local"}},
        }
    )


@pytest.fixture
def two_targets(settings: Settings) -> Settings:
    """inventory, and billing on the same database."""
    return with_billing(settings)


def with_billing(settings: Settings) -> Settings:
    both = {"inventory": settings.targets["inventory"], "billing": settings.targets["inventory"]}
    return settings.model_copy(update={"targets": both})


@pytest.fixture
def make_desk() -> Iterator[MakeDesk]:
    with ExitStack() as stack:
        yield lambda settings, **options: stack.enter_context(open_desk(settings, **options))


@pytest.fixture
def desk(make_desk: MakeDesk, settings: Settings) -> Desk:
    """With one target."""
    return make_desk(settings)


@pytest.fixture
def backed_up(desk: Desk) -> Desk:
    """With one backup in the catalog."""
    desk.ask("backup")
    assert desk.run(desk.latest().id).state is OperationState.DONE
    return desk


@contextmanager
def open_desk(settings: Settings, *, rates: bool = False, socket: bool = False) -> Iterator[Desk]:
    """Everything open, and at its end: nothing that Slack would reject was sent."""
    with state(settings) as house, create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
        with running_workspace(
            _workspace(rates), events_url=None if socket else url, acknowledge_seconds=10.0
        ) as slack:
            app = handlers.build_app(
                house.services,
                client(slack),
                signing_secret=slack.workspace.credentials.signing_secret,
                app_token=slack.workspace.credentials.app_token,
                new_reference=lambda: REFERENCE,
            )
            publisher = handlers.Publisher(client(slack), house.services, Pace(UNLIMITED, UNLIMITED))
            try:
                with _connected(app, slack) if socket else _served(app, listener):
                    yield Desk(slack, house, app, publisher)
            finally:
                handlers.close_app(app)
            slack.assert_no_violations()


@contextmanager
def state(settings: Settings) -> Iterator[House]:
    database = StateDatabase(settings.state.dsn.get_secret_value())
    database.open()
    try:
        context = Context(settings, {}, SystemClock(), random.SystemRandom(), database, JobQueue(settings))
        house = build(context)
        yield house
        house.services.drawings.close()
    finally:
        database.close()


def client(slack: RunningWorkspace) -> WebClient:
    return WebClient(token=slack.workspace.credentials.bot_token, base_url=slack.api_url)


def _workspace(rates: bool) -> Workspace:
    community = default_community()
    elsewhere = Channel(id=ELSEWHERE, name="elsewhere", topic="The bot is no member")
    workspace = Workspace(
        manifest=load_manifest(ROOT / "manifest.yaml"),
        community=replace(community, channels=(*community.channels, elsewhere)),
        rates=rates,
        clock=time.time if rates else _unhurried_clock(),
    )
    workspace.members[ELSEWHERE].discard(workspace.app.bot_user_id)
    return workspace


def _unhurried_clock() -> Callable[[], float]:
    """Slack's three seconds for a dialog are twelve: what a busy machine takes for one is not asked here."""
    start = time.time()
    return lambda: start + (time.time() - start) / 4


@contextmanager
def _served(app: App, listener: Any) -> Iterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=handlers.http_routes(app)), log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def _connected(app: App, slack: RunningWorkspace) -> Iterator[None]:
    connection = handlers.socket_mode(app, slack.workspace.credentials.app_token)
    try:
        eventually(lambda: connection.connected)
        yield
    finally:
        connection.close()
