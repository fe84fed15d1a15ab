"""Lists, dialogs, windows, alerts and answers: what a reader must find, and nothing that Slack rejects."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import BaselinerError, Conflict, Refused
from bot.models import AlertState, Backup, BackupKind, CheckState, OperationKind, OperationState, WindowState
from handlers import ids
from handlers.views.answers import (
    Usage,
    accepted_message,
    command_help_message,
    error_message,
    help_message,
    notice_modal,
    unexpected_message,
    unknown_word_message,
)
from handlers.views.backups import backup_modal, backup_option, found_options, no_backup_message, target_modal
from handlers.views.blocks import MAX_OPTIONS, Block
from handlers.views.overview import alert_message, health_message, status_message
from handlers.views.restore import RestoreDialog, restore_modal
from handlers.views.windows import suggested_times, window_announcement, window_edge, window_modal, windows_message
from tests.unit.handlers.drawn import assert_harmless, buttons, read, read_modal
from tests.unit.handlers.samples import (
    HOSTILE,
    ID,
    NOW,
    alert,
    backup,
    checklist,
    operation,
    target_status,
    window,
)

CONTEXT = ids.ModalContext("C0DBOPS001", "inventory")
ENDLESS = "word & " * 3000


def test_an_empty_catalog_says_what_to_do() -> None:
    assert "`/baseliner backup inventory`" in read(no_backup_message("inventory"))


def test_an_option_tells_a_backup_in_75_characters() -> None:
    text = backup_option(backup(kind=BackupKind.SAFETY), NOW)["text"]["text"]
    assert text == "2 h ago · 29.1 MB · 2026-11-22 08:15 UTC · not verified · safety"
    assert len(backup_option(backup(9999, kind=BackupKind.SAFETY, verified_at=NOW), NOW)["text"]["text"]) <= 75


def restore_dialog(newest: Backup | None, targets: int = 1, chosen: Backup | None = None) -> RestoreDialog:
    names = ["inventory", *(f"target{n}" for n in range(targets - 1))]
    return RestoreDialog(CONTEXT, names, "inventory", newest, chosen)


def test_the_restore_dialog_asks_backup_reason_and_name() -> None:
    view = restore_modal(restore_dialog(backup(), chosen=backup(1)), NOW)
    told = read_modal(view)
    for words in ("Backup of inventory", "Reason", "Type inventory to show", "somebody else must approve"):
        assert words in told
    (new_name,) = [block["element"] for block in view["blocks"] if block.get("block_id") == ids.NEW_NAME]
    assert new_name["max_length"] == 63
    select = view["blocks"][0]["element"]
    assert (select["type"], select["initial_option"]["value"]) == ("external_select", backup(1).id)
    assert ids.decode(view["private_metadata"]) == CONTEXT
    assert len(view["submit"]["text"]) <= 24


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b", "c"]),
        ("verified", ["a", "b", "c"]),
        ("NOT verified", ["a", "c"]),
        ("safety", ["c"]),
        ("2026-11-22 07:15", ["b"]),
        ("upgrade api", ["b"]),
        ("nothing like it", []),
    ],
)
def test_backups_are_found_by_what_they_show_and_by_their_note(query: str, found: list[str]) -> None:
    noted = replace(backup(1).manifest, note="before the long upgrade " * 4 + "of the API")
    backups = [
        backup(0, id="a"),
        backup(1, id="b", verified_at=NOW, manifest=noted),
        backup(2, id="c", kind=BackupKind.SAFETY),
    ]
    assert [option["value"] for option in found_options(backups, query, NOW)] == found


def test_no_more_are_offered_than_a_menu_holds() -> None:
    options = found_options((backup(n, id=f"b{n}") for n in range(130)), "", NOW)
    assert [option["value"] for option in options] == [f"b{n}" for n in range(MAX_OPTIONS)]
    assert all(len(option["description"]["text"]) <= 75 for option in options)


def test_with_several_targets_the_dialog_lets_choose() -> None:
    view = restore_modal(restore_dialog(backup(), targets=3), NOW)
    read_modal(view)
    assert view["blocks"][0]["accessory"]["initial_option"]["value"] == "inventory"


def test_without_a_target_or_a_backup_there_is_nothing_to_submit() -> None:
    no_target = replace(restore_dialog(None, targets=2), context=ids.ModalContext("C1"))
    for dialog in (no_target, restore_dialog(None, targets=2)):
        view = restore_modal(dialog, NOW)
        read_modal(view)
        assert "submit" not in view


def test_another_targets_list_does_not_inherit_a_choice() -> None:
    other = replace(restore_dialog(backup()), context=ids.ModalContext("C1", "billing"))
    first, second = (restore_modal(d, NOW)["blocks"][0]["block_id"] for d in (restore_dialog(backup()), other))
    assert first != second


@pytest.mark.parametrize(
    "view",
    [
        backup_modal(["billing", "inventory"], ids.ModalContext("C1")),
        target_modal("Preflight", "Which?", "Check", ["billing"] * 100, CONTEXT, ids.PREFLIGHT_MODAL),
        window_modal(["inventory"], CONTEXT, NOW, NOW + timedelta(hours=1), ENDLESS),
        window_modal(["billing", "inventory"], CONTEXT, NOW, NOW + timedelta(hours=1)),
        notice_modal(error_message(Refused(ENDLESS, ENDLESS, ["U0APPROVER"] * 40), "abcd")),
    ],
)
def test_dialogs_are_valid(view: Block) -> None:
    read_modal(view)


@pytest.mark.parametrize(
    ("state", "found", "cancellable"),
    [
        (WindowState.SCHEDULED, "announced", True),
        (WindowState.OPEN, "open", True),
        (WindowState.CLOSED, "over", False),
        (WindowState.CANCELLED, "cancelled", False),
    ],
)
def test_an_announcement(state: WindowState, found: str, cancellable: bool) -> None:
    message = window_announcement(window(state))
    told = read(message)
    for words in (found, "*Starts*\n<!date^1795342500^", "<!date^1795349700^", "(2 h)", "Move to the new disk"):
        assert words in told
    assert (ids.CANCEL_WINDOW in buttons(message.blocks)) is cancellable


def test_start_and_end_of_a_window() -> None:
    assert "has started* and ends <!date^1795349700^" in read(window_edge(window(WindowState.OPEN), "start"))
    assert "has ended" in read(window_edge(window(WindowState.CLOSED), "end"))


def test_windows_to_come() -> None:
    told = read(windows_message([window(WindowState.SCHEDULED), window(WindowState.OPEN)]))
    assert "announced: <!date^" in told
    assert "open now: <!date^" in told
    assert "No maintenance window" in read(windows_message([]))
    assert len(read(windows_message([window(WindowState.OPEN, ENDLESS)] * 40))) < 13_200


def test_a_dialog_suggests_a_time_that_people_can_prepare_for() -> None:
    start, end = suggested_times(datetime(2026, 11, 22, 10, 16, 31, tzinfo=UTC))
    assert start == datetime(2026, 11, 22, 10, 45, tzinfo=UTC)
    assert end - start == timedelta(hours=1)


def test_an_alert_opens_and_resolves_in_place() -> None:
    opened = read(alert_message(alert(AlertState.OPEN)))
    for words in ("❌ `inventory` *Newest backup within the RPO*: failed", "26 h old", "→ Take one now.", "Open since"):
        assert words in opened
    assert "*resolved* after 2 h 5 min" in read(alert_message(alert(AlertState.RESOLVED)))
    assert "❓" in read(alert_message(alert(AlertState.OPEN, CheckState.UNKNOWN)))


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([CheckState.PASSED], "✅ `inventory` is *healthy* · 1 passed"),
        ([CheckState.PASSED, CheckState.FAILED], "❌ `inventory` is *not healthy* · 1 passed, 1 failed"),
        ([CheckState.WARNING] * 2, "⚠️ `inventory` is *healthy, with warnings* · 2 warnings"),
        ([CheckState.UNKNOWN], "❓ `inventory` is *not known to be healthy* · 1 unknown"),
        ([], "❓ `inventory` is *not known to be healthy* · 0 checks"),
    ],
)
def test_health_is_never_green_by_ignorance(states: list[CheckState], words: str) -> None:
    assert words in read(health_message([checklist(*states)]))


def test_no_sweep_at_all() -> None:
    assert "nothing is known" in read(health_message([]))


def test_status_tells_backup_work_alerts_and_windows() -> None:
    running = operation(OperationKind.BACKUP, OperationState.RUNNING)
    expired = operation(OperationKind.RESTORE, OperationState.EXPIRED)
    full = target_status(
        running=running,
        recent=(expired,),
        open_alerts=(alert(AlertState.OPEN),),
        windows=(window(WindowState.SCHEDULED),),
    )
    told = read(status_message([full, target_status(newest_backup=None, next_backup_at=None)], NOW))
    for words in (
        "✅ Newest backup 2 h ago, within the RPO of 1 d",
        "the next is due <!date^",
        "Now: ⏳ Backup is running",
        "⌛ Restore expired",
        "🛠️ Window <!date^",
        "❌ There is no backup; the RPO is 1 d",
    ):
        assert words in told


def test_a_backup_older_than_the_rpo_is_red() -> None:
    assert "❌ Newest backup 26 h" not in read(status_message([target_status()], NOW))
    late = target_status(rpo_seconds=3600.0)
    assert "❌ Newest backup 2 h ago, older than the RPO of 1 h" in read(status_message([late], NOW))


def test_lists_of_hostile_or_endless_words_are_harmless_and_fit() -> None:
    for text in (HOSTILE, ENDLESS):
        for message in (
            window_announcement(window(WindowState.OPEN, text)),
            window_edge(window(WindowState.OPEN, text), "start"),
            windows_message([window(WindowState.OPEN, text)] * 3),
            alert_message(replace(alert(AlertState.OPEN, text=text), title=text, remedy=text)),
            health_message([checklist(*[CheckState.FAILED] * 8, text=text)]),
            status_message([target_status(open_alerts=(alert(AlertState.OPEN, text=text),) * 9)] * 3, NOW),
            unknown_word_message(text, None, ["backup", "help"]),
            error_message(Conflict(text, text), "abcd"),
        ):
            assert len(read(message)) < 13_200
            assert_harmless(message.blocks)


def test_help_shows_how_each_command_is_typed() -> None:
    told = read(help_message([Usage("backup [target] [note…]", "Takes a backup now."), Usage("help", "Shows this.")]))
    assert "`/baseliner backup [target] [note…]`\nTakes a backup now." in told


def test_help_with_one_command_has_examples() -> None:
    told = read(command_help_message(Usage("restore [target]", "Asks.", ["restore latest", "restore x as y"])))
    assert "`/baseliner restore [target]`\nAsks.\nSuch as:\n• `/baseliner restore latest`\n• `/b" in told
    assert "Such as" not in read(command_help_message(Usage("report", "Shows it.")))


def test_an_unknown_word_is_echoed_with_the_nearest_and_all() -> None:
    told = read(unknown_word_message("restroe`<!here>", "restore", ["backup", "restore"]))
    assert "`restroeˋ&lt;!here&gt;`" in told
    assert "Did you mean `/baseliner restore`?" in told
    assert "`backup` `restore`" in told


def test_a_refusal_names_who_could_say_yes() -> None:
    told = read(error_message(Refused("Nobody approves their own request.", "Ask.", ["U0APPROVER", "UA2"]), "abcd"))
    assert "Who can: <@U0APPROVER> or <@UA2>" in told
    assert "`abcd`" in told
    table = read(error_message(BaselinerError("No table 'audit.*'.", "Type `devices`, or audit.*."), "abcd"))
    assert "No table '`audit.*`'.\nType `devices`, or `audit.*`." in table


def test_errors_carry_their_reference() -> None:
    assert "`abcd`" in read(error_message(BaselinerError("It broke."), "abcd"))
    assert "`abcd`" in read(unexpected_message("abcd"))


def test_a_confirmation_says_where_to_look() -> None:
    queued = operation(OperationKind.BACKUP, OperationState.QUEUED)
    assert read(accepted_message(queued, "C0DBOPS001")).count("Follow it in <#C0DBOPS001>") == 2
    assert "Follow" not in read(accepted_message(queued, ""))
    noted = replace(queued, reason="nosuch")
    assert "is accepted, with the note “nosuch”: " in read(accepted_message(noted, ""))
    assert ID in read(accepted_message(queued, ""))
