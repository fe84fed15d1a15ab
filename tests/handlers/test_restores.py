"""Asking for a restore, and what is told of it."""

from datetime import timedelta

import pytest

from bot.models import OperationState
from bot.settings import Settings
from handlers import ids
from tests.handlers.conftest import APPROVALS, APPROVER, DEVELOPER, OPERATOR, Desk, MakeDesk, words_of
from tests.handlers.restoring import approve, ask, await_state, fill
from tests.stored import store_backup
from tests.support import Database


def test_the_dialog_asks_and_the_person_is_told_where_it_goes(backed_up: Desk, target: Database) -> None:
    backed_up.type("restore inventory latest")
    select = backed_up.modal()["blocks"][0]["element"]
    newest = backed_up.services.backups.get("inventory", "latest")
    assert select["initial_option"]["value"] == newest.id
    fill(backed_up, target)
    told = backed_up.answer()
    assert f"<#{APPROVALS}>" in told
    operation = backed_up.latest()
    assert operation.id in told
    assert (operation.reason, operation.parameters["backup_id"]) == ("Wrong bulk update", newest.id)


def test_backups_are_searched_beyond_what_a_menu_holds(backed_up: Desk) -> None:
    now, context = backed_up.services.clock.now(), backed_up.house.context
    stored = [store_backup(context, "inventory", now - timedelta(days=day)) for day in range(1, 105)]
    backed_up.type("restore inventory")
    view = backed_up.modal()["id"]

    def found(query: str) -> list[str]:
        return [option["value"] for option in backed_up.person.suggestions(OPERATOR, view, ids.BACKUP, query)]

    assert len(found("")) == 100
    assert found("")[0] == backed_up.services.backups.get("inventory", "latest").id
    oldest = stored[-1]
    assert found(f"{oldest.taken_at:%Y-%m-%d}") == [oldest.id]
    assert found("no such backup") == []


@pytest.mark.parametrize(
    ("wrong", "block"),
    [
        ({"confirmation": "inventroy"}, "confirmation.inventory"),
        ({"reason": "  "}, "reason"),
        ({"only": "devices", "new_name": "copy"}, "new_name"),
    ],
)
def test_what_is_wrong_is_shown_on_its_input(
    backed_up: Desk, target: Database, wrong: dict[str, str], block: str
) -> None:
    backed_up.type("restore")
    outcome = fill(backed_up, target, **wrong)
    assert list(outcome["errors"]) == [block]
    assert backed_up.person.views(OPERATOR)
    assert backed_up.latest().kind == "backup"


def test_without_a_backup_no_dialog_opens(desk: Desk) -> None:
    assert "`/baseliner backup inventory`" in desk.ask("restore")


def test_who_may_not_ask_sees_no_dialog(backed_up: Desk) -> None:
    assert "not on the list of requesters" in backed_up.ask("restore", user=DEVELOPER)
    assert not backed_up.person.views(DEVELOPER)


@pytest.mark.parametrize("text", ["restore inventory yesterday", "restore 20200101T000000Z-zzzz", "restore x y z"])
def test_a_backup_that_is_not_there_is_told(backed_up: Desk, text: str) -> None:
    assert "⚠️" in backed_up.ask(text)
    assert not backed_up.person.views(OPERATOR)


def test_a_time_is_told_as_it_was_typed_with_its_zone(backed_up: Desk) -> None:
    assert "no backup from before 2020-01-01 00:00 UTC+01:00" in backed_up.ask("restore 2020-01-01T00:00+01:00")


def test_an_approved_restore_tells_each_step_in_its_thread(backed_up: Desk, target: Database) -> None:
    operation = ask(backed_up, target)
    approve(backed_up, APPROVER, target.name)
    await_state(backed_up, operation, OperationState.QUEUED)
    done = backed_up.run(operation.id)
    assert done.state is OperationState.DONE, done.failure
    backed_up.draw()
    headline = next(m for m in backed_up.posts() if "Restore of inventory" in m["text"])
    assert "Old database" in words_of(headline)
    assert "✅ The restore is done" in words_of(backed_up.card())
    thread = [m for m in backed_up.posts() if m.get("thread_ts") == headline["ts"] and m["ts"] != headline["ts"]]
    assert [words_of(reply).count(step.title) > 0 for reply, step in zip(thread, done.steps, strict=True)]


def test_a_change_of_target_reloads_the_backups(make_desk: MakeDesk, two_targets: Settings, target: Database) -> None:
    desk = make_desk(two_targets)
    desk.ask("backup billing")
    billing = desk.services.overview.targets()[1].recent[0]
    desk.run(billing.id)

    desk.type("restore")
    view = desk.modal()
    assert "submit" not in view or view["submit"] is None
    desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, "inventory")
    desk.person.wait_for_view(OPERATOR, lambda top: "has no backup yet" in str(top["blocks"]))
    desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, "billing")
    desk.person.wait_for_view(OPERATOR, lambda top: "Backup of billing" in str(top["blocks"]))

    backup = desk.services.backups.get("billing", "latest")
    values = {"backup": backup.id, "reason": "Wrong update", "confirmation": target.name}
    desk.person.submit(OPERATOR, view["id"], values)
    assert "The plan to restore `billing`" in desk.answer()
