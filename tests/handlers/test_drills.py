"""`drill`, in words and by dialog."""

from __future__ import annotations

from bot.models import Actor, OperationKind, OperationState
from bot.settings import Settings
from tests.handlers.conftest import DEVELOPER, OPERATOR, Desk, MakeDesk, words_of


def test_the_newest_backup_is_proved_and_said_so(desk: Desk) -> None:
    assert "no backup yet" in desk.ask("drill")
    desk.ask("backup")
    backup = desk.run(desk.latest().id)
    assert "is accepted" in desk.ask(f"drill {backup.result['backup_id']}")
    assert desk.latest().kind is OperationKind.DRILL
    ended = desk.run(desk.latest().id)
    assert ended.state is OperationState.DONE, ended.failure
    desk.draw()
    told = words_of(desk.posts()[-1])
    assert "*Drill* of `inventory` is done" in told
    assert "counts and digests equal" in told


def test_what_cannot_be_drilled_is_told(desk: Desk) -> None:
    assert "is no backup's id" in desk.ask("drill inventory yesterday")
    assert f"<@{OPERATOR}>" in desk.ask("drill inventory", user=DEVELOPER)


def test_with_several_targets_a_dialog_asks_for_one(make_desk: MakeDesk, two_targets: Settings) -> None:
    desk = make_desk(two_targets)
    desk.run(desk.services.backups.request("billing", Actor(OPERATOR, "Olive")).id)
    desk.type("drill")
    desk.person.submit(OPERATOR, desk.modal()["id"], {"target": "billing"})
    assert "is accepted" in desk.answer()
    billing = next(status for status in desk.services.overview.targets() if status.name == "billing")
    assert billing.recent[0].kind is OperationKind.DRILL
