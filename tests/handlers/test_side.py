"""Single tables: asked for in words or in the dialog, their card, and where they are."""

from __future__ import annotations

from bot.models import Actor, Decision, OperationState
from handlers import ids
from tests.handlers.conftest import APPROVALS, APPROVER, OPERATOR, Desk, words_of
from tests.support import Database

OLIVE, ADA = Actor(OPERATOR, "Olive"), Actor(APPROVER, "Ada")


def test_lost_rows_come_back_beside(desk: Desk, target: Database) -> None:
    desk.run(desk.services.backups.request("inventory", OLIVE).id)
    desk.type("restore latest only devices, nothing")
    filled = {ids.REASON: "rows are gone", ids.CONFIRMATION: target.name}
    wrong = desk.person.submit(OPERATOR, desk.modal()["id"], filled)
    assert list(wrong["errors"]) == [ids.ONLY]
    assert "no table 'nothing'" in wrong["errors"][ids.ONLY]
    desk.person.submit(OPERATOR, desk.modal()["id"], filled | {ids.ONLY: "devices"})
    operation = desk.run(desk.latest().id)
    assert operation.state is OperationState.AWAITING_APPROVAL, operation.failure
    desk.draw()
    card = words_of(desk.posts(APPROVALS)[0])
    for said in ("`public.devices`: 1,000 rows", "Nothing is replaced, no service stops"):
        assert said in card
    assert "What will be lost" not in card
    desk.services.approvals.decide(operation.id, ADA, Decision.APPROVED)
    ended = desk.run(operation.id)
    assert ended.state is OperationState.DONE, ended.failure
    desk.draw()
    told = "\n".join(map(words_of, desk.posts()))
    assert f"{ended.result['side_schema']}.devices" in told
    assert f"DROP SCHEMA {ended.result['side_schema']} CASCADE" in told
