"""`python -m sandbox`, as a program."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.person import PersonClient, wait_until

MANIFEST = """
display_information: {name: Example}
features:
  bot_user: {display_name: Example}
  slash_commands: [{command: /example, description: An example}]
oauth_config: {scopes: {bot: [commands, "chat:write"]}}
settings: {socket_mode_enabled: true}
"""
PEOPLE = """
users: [{id: U0SOMEBODY, name: sam, real_name: Sam Somebody, role: Tester}]
channels: [{id: C0GENERAL1, name: general}]
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def use_it(person: PersonClient, token: str, port: int) -> None:
    """Time, faults and schedule work here as in tests; the page takes no path of theirs."""
    client = WebClient(token=token, base_url=f"http://127.0.0.1:{port}/api/", retry_handlers=[])
    fault = person.fault("server_error", method="auth.test", count=1)
    with pytest.raises(SlackApiError, match="internal_error"):
        client.auth_test()
    person.remove_faults(fault)
    now = int(person.advance_clock(3600))
    client.chat_scheduleMessage(channel="C0GENERAL1", text="On time", post_at=now + 1)
    assert person.wait_for_message("general")["text"] == "On time"


def test_it_serves_any_app_until_interrupted(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(MANIFEST)
    (tmp_path / "people.yaml").write_text(PEOPLE)
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--manifest", str(tmp_path / "manifest.yaml")]
    command += ["--config", str(tmp_path / "people.yaml"), "--port", str(port), "--no-rates"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == f"Workspace for Example: http://127.0.0.1:{port}\n"
            token = next(line for line in program.stdout if line.startswith("SLACK_BOT_TOKEN=")).strip()

            def describe() -> httpx.Response | None:
                try:
                    return httpx.get(f"http://127.0.0.1:{port}/person/workspace")
                except httpx.ConnectError:
                    return None

            described = wait_until(describe, 20, lambda: "no answer").json()
            assert f"SLACK_BOT_TOKEN={described['bot_token']}" == token
            assert [user["name"] for user in described["users"]] == ["sam"]
            with PersonClient(f"http://127.0.0.1:{port}") as person:
                use_it(person, described["bot_token"], port)
        finally:
            program.send_signal(signal.SIGINT)
            assert program.wait(20) == 0


def test_a_taken_port_is_named_with_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == f"sandbox: port {port} cannot be used (Address already in use); choose another with --port\n"


@pytest.mark.parametrize("content", ["- just a list", "{"])
def test_a_bad_manifest_ends_with_the_usage_code(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.yaml").write_text(content)
    command = [sys.executable, "-m", "sandbox", "--manifest", str(tmp_path / "manifest.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("sandbox: ")
