"""Bolt over Socket Mode, as it is."""

from __future__ import annotations

from typing import Any

from slack_bolt import App

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.conftest import Listen


def test_a_command_is_acknowledged_and_answered_in_the_channel(slack: RunningWorkspace, listen: Listen) -> None:
    def register(app: App) -> None:
        @app.command("/baseliner")
        def answer(ack: Any, command: dict[str, Any], client: Any) -> None:
            ack()
            client.chat_postMessage(channel=command["channel_id"], text=f"You said {command['text']}")

    listen(register)
    seen = slack.person.command("olive", "#db-ops", "/baseliner", "hello")
    assert seen == {"ok": True, "acknowledged": True, "status": 200, "response": {}}
    message = slack.person.wait_for_message("db-ops")
    assert message["text"] == "You said hello"
    assert message["ephemeral"] is False
