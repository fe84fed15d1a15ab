"""Every button and dialog of the bot, brought to where somebody may press or submit it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.errors import NotFound
from bot.models import Actor, OperationState, RestoreRequest, Surface
from handlers import ids
from tests.handlers.conftest import APPROVALS, APPROVER, OPERATOR, OPS, SECOND, Desk
from tests.handlers.restoring import approve, await_state, fill
from tests.stored import store_backup
from tests.support import Database, eventually

SHELL = Actor("olive", "olive", Surface.CLI)


@dataclass(frozen=True)
class Act:
    """What a person can do now. `effect` is the audit log's word, or empty where the world stays as it is."""

    perform: Callable[[], Any]
    user: str
    channel: str
    effect: str = ""
    again: bool = False
    """the same once more is a second request, and right"""


@dataclass(frozen=True)
class Stage:
    """Where acts are prepared."""

    desk: Desk
    target: Database

    def furnish(self) -> None:
        """A backup of each target, more than a page of the catalog holds, and more than a page of the audit log."""
        services, now = self.desk.services, self.desk.services.clock.now()
        for hours in range(11):
            store_backup(self.desk.house.context, "inventory", now - timedelta(days=9, hours=hours))
        for target in ("inventory", "billing"):
            self.desk.run(services.backups.request(target, SHELL).id)
        newest = services.backups.get("inventory", "latest").id
        for _ in range(11):
            services.pins.keep(newest, "evidence", SHELL)
            services.pins.unkeep(newest, "over", SHELL)

    def restore(self) -> str:
        self.desk.type("restore inventory")
        fill(self.desk, self.target)
        operation = self.desk.latest()
        self.desk.run(operation.id)
        self.desk.draw()
        return operation.id

    def press(self, user: str, channel: str, ts: str, action_id: str, effect: str = "", value: Any = None) -> Act:
        return Act(lambda: self.desk.person.action(user, channel, ts, action_id, value), user, channel, effect)

    def on_card(self, user: str, action_id: str, effect: str = "") -> Act:
        return self.press(user, APPROVALS, self.desk.card()["ts"], action_id, effect)

    def submit(self, user: str, values: dict[str, Any], effect: str, *, again: bool = False) -> Act:
        """The dialog that is open on top."""
        view = self.desk.modal(user)
        return Act(lambda: self.desk.person.submit(user, view["id"], values), user, OPS, effect, again)

    def told(self) -> dict[str, Any]:
        """The newest answer that the operator alone sees."""
        return next(m for m in reversed(self.desk.person.messages(OPS, OPERATOR)) if m["ephemeral"])

    def typed(self, text: str) -> dict[str, Any]:
        self.desk.ask(text)
        return self.told()

    def posted(self, operation_id: str) -> dict[str, Any]:
        self.desk.draw()
        return next(post for post in reversed(self.desk.posts()) if operation_id in str(post["blocks"]))


def approving(stage: Stage) -> Act:
    stage.restore()
    return stage.on_card(APPROVER, ids.APPROVE)


def denying(stage: Stage) -> Act:
    stage.restore()
    return stage.on_card(APPROVER, ids.DENY)


def reading_a_plan(stage: Stage) -> Act:
    stage.restore()
    return stage.on_card(SECOND, ids.SHOW_PLAN)


def withdrawing(stage: Stage) -> Act:
    operation_id = stage.restore()
    approve(stage.desk, APPROVER, stage.target.name)
    await_state(stage.desk, stage.desk.services.overview.operation(operation_id), OperationState.QUEUED)
    return stage.on_card(APPROVER, ids.WITHDRAW, "restore.withdraw")


def submitting_an_approval(stage: Stage) -> Act:
    approving(stage).perform()
    return stage.submit(APPROVER, {"confirmation": stage.target.name, "comment": ""}, "restore.approved")


def submitting_a_denial(stage: Stage) -> Act:
    denying(stage).perform()
    return stage.submit(APPROVER, {"reason": "the report runs"}, "restore.denied")


def asking_again(stage: Stage) -> Act:
    operation_id = stage.restore()
    desk = stage.desk
    with desk.house.context.database.transaction() as connection:
        overdue = "UPDATE plans SET expires_at = now() - interval '1 s' WHERE operation_id = %s"
        connection.execute(overdue, (operation_id,))
    desk.services.deadlines.expire()
    desk.draw()
    return stage.on_card(OPERATOR, ids.ASK_AGAIN)


def cancelling_a_window(stage: Stage) -> Act:
    stage.desk.ask("window inventory in 30m for 1h deploy")
    (window,) = stage.desk.services.windows.upcoming("inventory")
    return stage.press(OPERATOR, OPS, stage.posted(window.id)["ts"], ids.CANCEL_WINDOW, "window.cancel")


def cancelling_an_operation(stage: Stage) -> Act:
    stage.desk.ask("backup inventory")
    post = stage.posted(stage.desk.latest().id)
    return stage.press(OPERATOR, OPS, post["ts"], ids.CANCEL_OPERATION, "backup.cancel")


def signing_off(stage: Stage) -> Act:
    services = stage.desk.services
    request = RestoreRequest("inventory", "latest", "bad deploy", stage.target.name)
    operation = services.restores.request(request, SHELL, deferred=False)
    stage.desk.run(operation.id)
    services.approvals.break_glass(operation.id, SHELL, go=True)
    assert stage.desk.run(operation.id).state is OperationState.DONE
    return stage.press(APPROVER, OPS, stage.posted(operation.id)["ts"], ids.SIGN_OFF, "restore.sign_off")


def turning_the_audit_log(stage: Stage) -> Act:
    return stage.press(OPERATOR, OPS, stage.typed("audit")["ts"], ids.AUDIT_OLDER)


def reading_the_newest_entries(stage: Stage) -> Act:
    turning_the_audit_log(stage).perform()
    eventually(lambda: ids.AUDIT_NEWEST in str(stage.told()["blocks"]))
    return stage.press(OPERATOR, OPS, stage.told()["ts"], ids.AUDIT_NEWEST)


def turning_the_catalog(stage: Stage) -> Act:
    return stage.press(OPERATOR, OPS, stage.typed("backups inventory")["ts"], ids.BACKUPS_OLDER)


def turning_it_back(stage: Stage) -> Act:
    turning_the_catalog(stage).perform()
    eventually(lambda: ids.BACKUPS_NEWER in str(stage.told()["blocks"]))
    return stage.press(OPERATOR, OPS, stage.told()["ts"], ids.BACKUPS_NEWER)


def filtering_the_catalog(stage: Stage) -> Act:
    page = ids.encode_page("inventory", 1)
    return stage.press(OPERATOR, OPS, stage.typed("backups")["ts"], ids.BACKUPS_FILTER, value=page)


def reading_a_backups_details(stage: Stage) -> Act:
    newest = stage.desk.services.backups.newest_first("inventory", 1)[0].id
    return stage.press(OPERATOR, OPS, stage.typed("backups inventory")["ts"], ids.BACKUP_DETAILS, value=newest)


def asking_to_keep_it(stage: Stage) -> Act:
    reading_a_backups_details(stage).perform()
    view = stage.desk.modal()
    return Act(lambda: stage.desk.person.view_action(OPERATOR, view["id"], ids.PIN), OPERATOR, OPS)


def keeping_it(stage: Stage) -> Act:
    asking_to_keep_it(stage).perform()
    stage.desk.person.wait_for_view(OPERATOR, lambda view: view["callback_id"] == ids.PIN_MODAL)
    return stage.submit(OPERATOR, {"reason": "evidence"}, "backup.keep", again=True)


def choosing_another_target(stage: Stage) -> Act:
    stage.desk.type("restore inventory")
    view = stage.desk.modal()
    chosen = "billing"
    return Act(lambda: stage.desk.person.view_action(OPERATOR, view["id"], ids.RESTORE_TARGET, chosen), OPERATOR, OPS)


def submitting_a_restore(stage: Stage) -> Act:
    stage.desk.type("restore inventory")
    newest = stage.desk.services.backups.get("inventory", "latest").id
    values = {"backup": newest, "reason": "Wrong bulk update", "confirmation": stage.target.name}
    return stage.submit(OPERATOR, values, "restore.request", again=True)


def choosing_what_to_undo(stage: Stage) -> Act:
    swapped(stage)
    stage.desk.type("undo")
    return stage.submit(OPERATOR, {"target": "inventory"}, "")


def submitting_an_undo(stage: Stage) -> Act:
    swapped(stage)
    stage.desk.type("undo inventory")
    return stage.submit(OPERATOR, {"reason": "worse", "confirmation": stage.target.name}, "undo.request", again=True)


def swapped(stage: Stage) -> None:
    try:
        stage.desk.services.undos.undoable("inventory")
    except NotFound:
        signing_off(stage)


def asking_which(word: str, kind: str) -> Callable[[Stage], Act]:
    def prepare(stage: Stage) -> Act:
        stage.desk.type(word)
        return stage.submit(OPERATOR, {"target": "inventory"}, f"{kind}.request", again=True)

    return prepare


def announcing_a_window(stage: Stage) -> Act:
    stage.desk.type("window")
    starts = int(stage.desk.services.clock.now().timestamp()) + 3600
    values = {"target": "inventory", "starts_at": starts, "ends_at": starts + 3600, "reason": "deploy"}
    return stage.submit(OPERATOR, values, "window.announce", again=True)


ACTS: dict[str, Callable[[Stage], Act]] = {
    ids.APPROVE: approving,
    ids.DENY: denying,
    ids.WITHDRAW: withdrawing,
    ids.SHOW_PLAN: reading_a_plan,
    ids.ASK_AGAIN: asking_again,
    ids.CANCEL_WINDOW: cancelling_a_window,
    ids.CANCEL_OPERATION: cancelling_an_operation,
    ids.SIGN_OFF: signing_off,
    ids.AUDIT_NEWEST: reading_the_newest_entries,
    ids.AUDIT_OLDER: turning_the_audit_log,
    ids.BACKUPS_NEWER: turning_it_back,
    ids.BACKUPS_OLDER: turning_the_catalog,
    ids.BACKUPS_FILTER: filtering_the_catalog,
    ids.BACKUP_DETAILS: reading_a_backups_details,
    ids.PIN: asking_to_keep_it,
    ids.RESTORE_TARGET: choosing_another_target,
    ids.APPROVAL_MODAL: submitting_an_approval,
    ids.DENIAL_MODAL: submitting_a_denial,
    ids.BACKUP_MODAL: asking_which("backup", "backup"),
    ids.PIN_MODAL: keeping_it,
    ids.DRILL_MODAL: asking_which("drill", "drill"),
    ids.PREFLIGHT_MODAL: asking_which("preflight", "preflight"),
    ids.RESTORE_MODAL: submitting_a_restore,
    ids.UNDO_MODAL: submitting_an_undo,
    ids.UNDO_TARGET_MODAL: choosing_what_to_undo,
    ids.WINDOW_MODAL: announcing_a_window,
}
