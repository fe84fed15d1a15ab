"""The official SDKs for Python and Node complete command -> modal -> button -> update -> file, on both transports."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.requests import Request
from starlette.responses import Response

from sandbox.identifiers import Credentials
from sandbox.locks import hold
from sandbox.manifest import parse_manifest
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.conftest import ALL
from tests.integration.sandbox.apps import CREDENTIALS, served
from tests.integration.sandbox.conftest import bolt_over_socket
from tests.unit.sandbox.blocks import Json, actions, button, field, modal, plain, section, text_input

NODE = Path(__file__).with_name("node")
SCOPES = ["commands", "chat:write", "files:write"]
MANIFEST = parse_manifest(
    {
        "features": {"slash_commands": [{"command": "/story"}]},
        "oauth_config": {"scopes": {"bot": SCOPES}},
    }
)


def register_story(app: App) -> None:
    """The listeners of the Python app; node/app.js has the same."""

    @app.command("/story")
    def show(ack: Any, body: Json, client: WebClient) -> None:
        ack()
        form = field(text_input(action_id="text"), block_id="reason")
        client.views_open(trigger_id=body["trigger_id"], view=modal(form, callback_id="form"))

    @app.view("form")
    def submitted(ack: Any, view: Json, client: WebClient) -> None:
        ack()
        reason = view["state"]["values"]["reason"]["text"]["value"]
        blocks = [section(text=plain(reason)), actions(button("approve", value=reason))]
        client.chat_postMessage(channel="C0DBAPPROV", text=reason, blocks=blocks)

    @app.action("approve")
    def approve(ack: Any, body: Json, action: Json, client: WebClient) -> None:
        ack()
        channel, ts = body["channel"]["id"], body["message"]["ts"]
        text = f"Approved by <@{body['user']['id']}>: {action['value']}"
        client.chat_update(channel=channel, ts=ts, text=text, blocks=[])
        report = f"Report: {action['value']}"
        client.files_upload_v2(channel=channel, thread_ts=ts, filename="report.txt", content=report)


def tell_story(slack: RunningWorkspace) -> None:
    """What people do, and what they see in the end."""
    person = slack.person
    assert person.command("olive", "db-ops", "/story", "a&b=c")["ok"]
    view = person.wait_for_view("olive")
    assert person.submit("olive", view["id"], {"reason": "Because 1 < 2"})["ok"]
    card = person.wait_for_message("db-approvals", lambda message: message["text"] == "Because 1 < 2")
    assert person.action("ada", "db-approvals", card["ts"], "approve")["ok"]
    shared = person.wait_for_message("db-approvals", lambda message: bool(message.get("files")))
    updated = person.messages("db-approvals")[0]
    assert updated["text"] == "Approved by <@U0APPROVER>: Because 1 < 2"
    assert (updated["blocks"], bool(updated["edited"])) == ([], True)
    assert (shared["thread_ts"], shared["files"][0]["name"]) == (card["ts"], "report.txt")
    assert httpx.get(shared["files"][0]["url_private"]).text == "Report: Because 1 < 2"


def story_workspace(credentials: Credentials | None = None) -> Workspace:
    """Rates are on, and only what the manifest names is allowed."""
    return Workspace(manifest=MANIFEST, credentials=credentials)


def test_python_over_socket_mode() -> None:
    with running_workspace(story_workspace()) as slack, bolt_over_socket(slack, register_story):
        tell_story(slack)


def test_python_over_signed_http() -> None:
    handlers: list[SlackRequestHandler] = []

    async def answer(request: Request) -> Response:
        return await handlers[0].handle(request)

    workspace = story_workspace(CREDENTIALS)
    with served(answer) as url, running_workspace(workspace, events_url=url) as slack:
        client = WebClient(token=CREDENTIALS.bot_token, base_url=slack.api_url)
        app = App(client=client, signing_secret=CREDENTIALS.signing_secret)
        register_story(app)
        handlers.append(SlackRequestHandler(app))
        tell_story(slack)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with app.js and the SDK, installed once for all workers; nothing of it stays in the repository."""
    if shutil.which("npm") is None:
        if os.environ.get(ALL) == "1":
            pytest.fail(f"npm is not installed, and {ALL}=1 wants every test")
        pytest.skip(f"npm is not installed (with {ALL}=1 this is a failure)")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sandbox-node"
    with hold(folder.with_suffix(".lock"), patience_s=170):
        if not (folder / "installed").exists():
            shutil.copytree(NODE, folder, dirs_exist_ok=True)
            quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline", "--loglevel=error"]
            subprocess.run(["npm", "install", *quiet], cwd=folder, check=True, timeout=170)
            (folder / "installed").touch()
    return folder


@contextmanager
def node_app(folder: Path, **environment: str) -> Iterator[str]:
    """The Node app as a process of its own; yields what it prints after `ready`."""
    command = ["node", "app.js"]
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:1] == ["ready"], "the Node app did not start"
            yield " ".join(words[1:])
        finally:
            process.kill()


def variables(slack_url: str, credentials: Credentials) -> dict[str, str]:
    return {"SLACK_API_URL": f"{slack_url}/api/", "SLACK_BOT_TOKEN": credentials.bot_token}


def test_node_over_socket_mode(node_modules: Path) -> None:
    with running_workspace(story_workspace()) as slack:
        credentials = slack.workspace.credentials
        environment = variables(slack.url, credentials) | {"SLACK_APP_TOKEN": credentials.app_token}
        with node_app(node_modules, **environment):
            tell_story(slack)


def test_node_over_signed_http(node_modules: Path) -> None:
    relayed: list[str] = []

    async def forward(request: Request) -> Response:
        """The workspace needs its app's address first, the app the workspace's: so a relay stands between."""
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        async with httpx.AsyncClient() as client:
            reply = await client.post(relayed[0], content=await request.body(), headers=headers)
        return Response(reply.content, reply.status_code, media_type=reply.headers.get("content-type"))

    workspace = story_workspace(CREDENTIALS)
    with served(forward) as url, running_workspace(workspace, events_url=url) as slack:
        environment = variables(slack.url, CREDENTIALS) | {"SLACK_SIGNING_SECRET": CREDENTIALS.signing_secret}
        with node_app(node_modules, SLACK_APP_TOKEN="", **environment) as port:
            relayed.append(f"http://127.0.0.1:{port}/slack/events")
            tell_story(slack)
