"""The manifest declares what the code registers and calls: nothing less, and nothing more."""

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handlers import ids
from handlers.inspection import SCOPES
from sandbox.api.router import METHODS

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT.parent / "shared" / "reference" / "manifest.schema.2.0.0.json"
BEYOND_CALLS = {"commands", "chat:write.public"}
"""Scopes for what is no method: receiving the command, and posting where the bot is no member."""
EVENT_LISTENERS = {"event", "message", "function", "assistant"}


URL = "https://baseliner.example.com/slack/events"


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return document


@pytest.fixture(scope="module", params=["manifest.yaml", "manifest-http.yaml"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    """By Socket Mode, and by HTTP."""
    return read(request.param)


def registered() -> dict[str, list[ast.expr]]:
    """Kind of listener to its first arguments, as `register` names them."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(ast.parse((ROOT / "handlers" / "app.py").read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "app":
                found.setdefault(node.func.attr, []).extend(node.args)
    return found


COMPOSED = {
    "files_upload_v2": ["files.getUploadURLExternal", "files.completeUploadExternal"],
    "usergroups_users_list": ["usergroups.users.list"],
    "apps_connections_open": ["apps.connections.open"],
}
"""Methods of the SDK that call several of Slack's, or one with another name."""


def called_methods() -> set[str]:
    """Every Web API method that the handlers call, such as `chat.postMessage`."""
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "handlers").rglob("*.py"))
    called = set(re.findall(r"(?<!handler\.)client\.([a-z]+_[A-Za-z]\w+)\(", sources))
    return {method for name in called for method in COMPOSED.get(name, [name.replace("_", ".", 1)])}


def test_it_is_valid_against_slacks_schema(manifest: dict[str, Any]) -> None:
    if not SCHEMA.exists() and os.environ.get("BASELINER_TEST_ALL") != "1":
        pytest.skip(f"{SCHEMA} is not there (with BASELINER_TEST_ALL=1 this is a failure)")
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text("utf-8")))


def test_its_command_is_the_registered_one(manifest: dict[str, Any]) -> None:
    commands = [command["command"] for command in manifest["features"]["slash_commands"]]
    assert commands == [ids.COMMAND]
    assert len(registered()["command"]) == 1


def test_its_usage_hint_names_every_word(manifest: dict[str, Any]) -> None:
    source = (ROOT / "handlers" / "commands.py").read_text("utf-8")
    words = {*re.findall(r'Command\(\s*"(\w+)"', source), "help"}
    hint = manifest["features"]["slash_commands"][0]["usage_hint"]
    assert set(hint.split(" | ")) == words


def test_its_scopes_are_those_that_the_calls_need(manifest: dict[str, Any]) -> None:
    calls = called_methods()
    assert {"chat.postMessage", "users.info", "views.open"} <= calls <= METHODS.keys()
    needed = {scope for name in calls for scope in METHODS[name].scopes} | BEYOND_CALLS
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed == SCOPES.keys()
    assert "user" not in manifest["oauth_config"]["scopes"]


def test_it_subscribes_to_the_events_that_are_listened_to(manifest: dict[str, Any]) -> None:
    events = manifest["settings"].get("event_subscriptions", {}).get("bot_events", [])
    assert bool(events) == bool(EVENT_LISTENERS & registered().keys())


def test_interactivity_is_on_because_of_actions_and_views(manifest: dict[str, Any]) -> None:
    assert {"action", "view"} <= registered().keys()
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_nothing_listened_to_is_undeclared(manifest: dict[str, Any]) -> None:
    assert "shortcut" not in registered()
    assert "shortcuts" not in manifest["features"]
    assert manifest["features"]["app_home"]["home_tab_enabled"] is ("views.publish" in called_methods())


def test_the_two_differ_in_how_slack_reaches_the_bot_alone() -> None:
    socket, http = read("manifest.yaml"), read("manifest-http.yaml")
    assert socket["settings"].pop("socket_mode_enabled") is True
    assert http["settings"].pop("socket_mode_enabled") is False
    assert http["settings"]["interactivity"].pop("request_url") == URL
    assert http["settings"]["interactivity"].pop("message_menu_options_url") == URL
    assert http["features"]["slash_commands"][0].pop("url") == URL
    assert socket == http
    assert "url" not in str(socket)


@pytest.mark.parametrize("name", ["manifest.yaml", "manifest-http.yaml"])
def test_each_scope_says_in_the_manifest_what_it_is_for(name: str) -> None:
    lines = re.findall(r"^      - ([a-z:.]+)(.*)$", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert [scope for scope, _ in lines] == sorted(SCOPES)
    assert all(re.fullmatch(r" +# \S.*", comment) for _, comment in lines)


def test_its_colour_is_one(manifest: dict[str, Any]) -> None:
    assert re.fullmatch(r"#[0-9a-f]{6}", manifest["display_information"]["background_color"])


def test_each_scope_is_explained_with_its_feature(manifest: dict[str, Any]) -> None:
    told = set(re.findall(r"^\| `([a-z:.]+)` \|", (ROOT / "docs" / "slack.md").read_text("utf-8"), re.MULTILINE))
    assert told == set(manifest["oauth_config"]["scopes"]["bot"])
