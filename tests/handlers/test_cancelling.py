"""Cancel: the button on an operation's message, and the command."""

from __future__ import annotations

from bot.models import OperationState
from handlers import ids
from tests.handlers.conftest import APPROVER, DEVELOPER, OPERATOR, OPS, Desk, button, words_of
from tests.support import eventually


def test_the_button_calls_a_waiting_backup_off_and_goes_away(desk: Desk) -> None:
    desk.ask("backup before the deploy")
    desk.draw()
    (post,) = desk.posts()
    shown = button(post, ids.CANCEL_OPERATION)
    assert shown is not None
    assert shown["confirm"]["title"]["text"] == "Cancel this backup?"
    desk.person.action(DEVELOPER, OPS, post["ts"], ids.CANCEL_OPERATION)
    assert f"<@{OPERATOR}>" in words_of(
        desk.person.wait_for_message(OPS, lambda m: bool(m["ephemeral"]), user=DEVELOPER)
    )
    desk.person.action(APPROVER, OPS, post["ts"], ids.CANCEL_OPERATION)
    eventually(lambda: desk.latest().state.ended)
    desk.draw()
    (post,) = desk.posts()
    assert "was cancelled" in words_of(post)
    assert button(post, ids.CANCEL_OPERATION) is None
    assert desk.run(desk.latest().id).state is OperationState.CANCELLED


def test_the_command_takes_an_id_and_says_what_happened(desk: Desk) -> None:
    assert "Say which operation" in desk.ask("cancel")
    assert "no operation" in desk.ask("cancel 20261122T101500Z-none")
    desk.ask("backup")
    assert "was cancelled" in desk.ask(f"cancel {desk.latest().id}")
    assert "was cancelled already" in desk.ask(f"cancel {desk.latest().id}")
