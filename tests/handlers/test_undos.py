"""Asking for the way back, and its card."""

from __future__ import annotations

import pytest

from bot.models import Actor, Decision, Operation, OperationState, RestoreRequest
from bot.settings import Settings
from handlers import ids
from tests.handlers.conftest import (
    APPROVALS,
    APPROVER,
    DEVELOPER,
    OPERATOR,
    OPS,
    Desk,
    MakeDesk,
    words_of,
)
from tests.support import Database, eventually

OLIVE, ADA = Actor(OPERATOR, "Olive"), Actor(APPROVER, "Ada")


def restored(desk: Desk, target: Database) -> Operation:
    """A restore that is done, after its data had changed."""
    desk.run(desk.services.backups.request("inventory", OLIVE).id)
    target.cluster.execute("DELETE FROM devices WHERE id > 10", database=target.name)
    request = RestoreRequest("inventory", "latest", "rows are gone", target.name)
    asked = desk.run(desk.services.restores.request(request, OLIVE, OPS).id)
    desk.services.approvals.decide(asked.id, ADA, Decision.APPROVED)
    done = desk.run(asked.id)
    assert done.state is OperationState.DONE, done.failure
    return done


def test_the_way_back_is_asked_for_approved_and_told(desk: Desk, target: Database) -> None:
    done = restored(desk, target)
    desk.type("undo")
    told = words_of({"text": "", "blocks": desk.modal()["blocks"]})
    assert done.id in told
    wrong = desk.person.submit(OPERATOR, desk.modal()["id"], {"reason": "worse", "confirmation": "nothing"})
    assert list(wrong["errors"]) == [ids.CONFIRMATION]
    desk.person.submit(OPERATOR, desk.modal()["id"], {"reason": "worse than before", "confirmation": target.name})
    assert f"<#{APPROVALS}>" in desk.answer()
    operation = desk.run(desk.latest().id)
    assert operation.state is OperationState.AWAITING_APPROVAL, operation.failure
    desk.draw()
    card = words_of(desk.card())
    for said in ("Undo of inventory needs approval", "worse than before", done.id, str(done.result["aside_database"])):
        assert said in card
    desk.services.approvals.decide(operation.id, ADA, Decision.APPROVED)
    ended = desk.run(operation.id)
    assert ended.state is OperationState.DONE, ended.failure
    desk.draw()
    headline = next(words for words in map(words_of, desk.posts()) if "Undo" in words)
    assert f"of {done.id}" in headline
    assert str(ended.result["aside_database"]) in headline
    assert "Undo of inventory approved" in words_of(desk.card())


def test_with_several_targets_it_asks_which(make_desk: MakeDesk, two_targets: Settings, target: Database) -> None:
    desk = make_desk(two_targets)
    done = restored(desk, target)
    desk.type("undo")
    desk.person.submit(OPERATOR, desk.modal()["id"], {ids.TARGET: "inventory"})
    eventually(lambda: done.id in words_of({"text": "", "blocks": desk.modal()["blocks"]}))


@pytest.mark.parametrize(
    ("text", "said"),
    [("undo", "nothing to undo on inventory"), ("undo inventory please", "is too much")],
)
def test_what_cannot_be_undone_is_told(desk: Desk, text: str, said: str) -> None:
    assert said in desk.ask(text)
    assert not desk.person.views(OPERATOR)


def test_who_may_not_ask_is_told_who_could(desk: Desk) -> None:
    assert "not on the list of requesters" in desk.ask("undo", user=DEVELOPER)
