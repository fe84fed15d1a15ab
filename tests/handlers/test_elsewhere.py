"""Another target's backup, masked, as a new database: asked for, its card, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.models import Actor, Decision, OperationState
from bot.settings import RestoreSource, Settings
from handlers import ids
from tests.handlers.conftest import APPROVALS, APPROVER, OPERATOR, Desk, MakeDesk, words_of
from tests.support import Database, random_name

OLIVE, ADA = Actor(OPERATOR, "Olive"), Actor(APPROVER, "Ada")


@pytest.fixture
def owned(target: Database) -> Iterator[Database]:
    """Its owner is another role than Baseliner's, as masking demands."""
    role = random_name("owner")
    target.cluster.execute(f"CREATE ROLE {role}")
    target.cluster.execute(f"ALTER DATABASE {target.name} OWNER TO {role}")
    yield target
    target.cluster.execute(f"ALTER DATABASE {target.name} OWNER TO CURRENT_USER")
    target.cluster.execute(f"DROP ROLE {role}")


def test_another_targets_backup_comes_masked_under_a_new_name(
    make_desk: MakeDesk, two_targets: Settings, owned: Database, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.sql"
    mask.write_text("UPDATE devices SET name = 'masked'")
    allowed = {"inventory": RestoreSource(masking=mask)}
    billing = two_targets.targets["billing"].model_copy(update={"restore_from": allowed})
    desk = make_desk(two_targets.model_copy(update={"targets": {**two_targets.targets, "billing": billing}}))
    backup = desk.run(desk.services.backups.request("inventory", OLIVE).id)
    _offered_and_refused(desk)
    copy = f"{owned.name}_copy"
    desk.type(f"restore billing latest from inventory as {copy}")
    assert "with a backup of `inventory`" in str(desk.modal())
    filled = {ids.REASON: "for the tests", ids.CONFIRMATION: owned.name, ids.NEW_NAME: copy}
    for name, words in (("postgres", "'postgres' cannot be"), (owned.name, "is the live database itself")):
        wrong = desk.person.submit(OPERATOR, desk.modal()["id"], filled | {ids.NEW_NAME: name})
        assert words in wrong["errors"][ids.NEW_NAME]
    desk.person.submit(OPERATOR, desk.modal()["id"], filled)
    operation = desk.run(desk.services.overview.targets()[1].recent[0].id)
    assert operation.state is OperationState.AWAITING_APPROVAL, operation.failure
    assert operation.parameters["source"] == "inventory"
    desk.draw()
    card = words_of(desk.posts(APPROVALS)[0])
    for said in (f"as the new database `{copy}`", "*Masked* by 1 statement", "Nothing is replaced, no service stops"):
        assert said in card
    assert "What will be lost" not in card
    desk.services.approvals.decide(operation.id, ADA, Decision.APPROVED)
    ended = desk.run(operation.id)
    try:
        assert ended.state is OperationState.DONE, ended.failure
        with psycopg.connect(owned.cluster.dsn(copy)) as connection:
            assert connection.execute("SELECT DISTINCT name FROM devices").fetchall() == [("masked",)]
    finally:
        owned.cluster.drop_database(copy)
    desk.draw()
    told = "\n".join(map(words_of, desk.posts()))
    assert f"`{copy}`" in told
    assert "`inventory`, 1 statement masked them" in told
    assert backup.result["backup_id"] in told


def _offered_and_refused(desk: Desk) -> None:
    assert "inventory takes no backups of billing" in desk.ask("restore inventory latest from billing")
    assert "could not be masked" in desk.ask("restore billing latest from inventory only devices")
    desk.type("restore")
    view = desk.modal()
    select = next(block["accessory"] for block in view["blocks"] if block.get("accessory"))
    assert [item["value"] for item in select["options"]] == ["inventory", "billing", "billing:inventory"]
    desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, "billing:inventory")
    desk.person.wait_for_view(OPERATOR, lambda top: "Backup of inventory" in str(top["blocks"]))
    desk.person.close(OPERATOR, view["id"])
