"""A command, its operation, its message: from the first word to the last edit."""

from bot.models import OperationState
from tests.handlers.conftest import ELSEWHERE, OPS, Desk, words_of


def test_a_backup_from_the_command_to_its_result(desk: Desk) -> None:
    told = desk.ask("backup before the upgrade")
    operation = desk.latest()
    assert operation.id in told
    assert operation.reason == "before the upgrade"
    assert operation.requester.name == "Olive Operator"

    desk.draw()
    (posted,) = desk.posts()
    assert "is queued" in words_of(posted)
    assert "Note: before the upgrade" in words_of(posted)

    assert desk.run(operation.id).state is OperationState.DONE
    desk.draw()
    edited = desk.posts()[0]
    assert edited["ts"] == posted["ts"]
    assert "is done" in words_of(edited)
    assert "1,000 rows in 1 table" in words_of(edited)


def test_a_backup_asked_for_elsewhere_says_where_to_look(desk: Desk) -> None:
    assert f"Follow it in <#{OPS}>" in desk.ask("backup", channel=ELSEWHERE)
