"""The Bolt app: its middleware and one line per listener."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from slack_bolt import App, Args
from slack_sdk import WebClient

from bot.services import Services
from handlers import ids
from handlers.approvals import ApprovalListeners
from handlers.audit import AuditListeners
from handlers.backups import BackupListeners
from handlers.catalog import CatalogListeners
from handlers.charts import ChartListeners
from handlers.commands import CommandListener, command_table
from handlers.directory import Directory
from handlers.doctor import DoctorListeners
from handlers.drills import DrillListeners
from handlers.errors import answered
from handlers.inspection import Inspection
from handlers.middleware import acknowledge_at_once, check_origin, give_reference
from handlers.operations import OperationListeners
from handlers.overview import OverviewListeners
from handlers.policies import PolicyListeners
from handlers.preflight import PreflightListeners
from handlers.restores import RestoreListeners
from handlers.undos import UndoListeners
from handlers.upkeep import UpkeepListeners
from handlers.windows import WindowListeners

Hear = Callable[[Callable[[Args], None]], Callable[[Args], None]]

# With Bolt's own five, the sixth dialog at once is answered too late.
_LISTENER_THREADS = 20
_API_SECONDS = 10
_LOOK_UP_SECONDS = 2
"""A dialog's submission is answered within three, and may have to look somebody up before."""


def build_app(
    services: Services,
    client: WebClient | None = None,
    *,
    token: str | None = None,
    signing_secret: str = "",
    app_token: str | None = None,
    base_url: str = "https://slack.com/api/",
    new_reference: Callable[[], str] = lambda: secrets.token_hex(4),
) -> App:
    """The app with all its listeners; end it with `close_app`. Slack is not called, so it may be down meanwhile.

    `client`, when given, is used as it is, in place of one with `token` and `base_url`. `app_token`, in Socket Mode,
    tells the app's id, so that payloads of other apps are ignored.
    """
    app = App(
        name="baseliner",
        client=client or WebClient(token=token, base_url=base_url, timeout=_API_SECONDS),
        signing_secret=signing_secret,
        token_verification_enabled=False,
        ssl_check_enabled=True,
        url_verification_enabled=True,
        process_before_response=False,
        listener_executor=ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="slack-listener"),
    )
    app.middleware(give_reference(new_reference))
    app.middleware(check_origin(services.settings.slack.team_id, app_id_of(app_token)))
    app.middleware(acknowledge_at_once)
    register(app, services)
    return app


def register(app: App, services: Services) -> None:
    """One line per listener."""
    directory = Directory(_impatient(app.client), services.clock, team_id=services.settings.slack.team_id)
    services.roster.attach(directory)
    backups = BackupListeners(services, directory)
    catalog = CatalogListeners(services, directory)
    restores = RestoreListeners(services, directory)
    undos = UndoListeners(services, directory)
    preflights = PreflightListeners(services, directory)
    windows = WindowListeners(services, directory)
    approvals = ApprovalListeners(services, directory)
    charts = ChartListeners(services)
    drills = DrillListeners(services, directory)
    operations = OperationListeners(services, directory)
    upkeep, overview, audits = UpkeepListeners(services), OverviewListeners(services), AuditListeners(services)
    policies = PolicyListeners(services)
    hear = partial(answered, first=services.deliveries.first)
    table = command_table(
        backups, catalog, restores, undos, preflights, windows, charts, drills, operations, upkeep, overview, audits,
        policies, DoctorListeners(services, Inspection(_impatient(app.client), services.settings, services.clock)),
    )  # fmt: skip

    app.command(ids.COMMAND)(hear(CommandListener(table, directory, next(iter(services.settings.targets))).listen))
    app.view(ids.BACKUP_MODAL)(hear(backups.submit))
    app.view(ids.DRILL_MODAL)(hear(drills.submit))
    app.view(ids.PREFLIGHT_MODAL)(hear(preflights.submit))
    app.view(ids.RESTORE_MODAL)(hear(restores.submit))
    app.view(ids.UNDO_MODAL)(hear(undos.submit))
    app.view(ids.UNDO_TARGET_MODAL)(hear(undos.choose))
    app.action(ids.RESTORE_TARGET)(hear(restores.change_target))
    app.options(ids.BACKUP)(hear(restores.search))
    app.view(ids.WINDOW_MODAL)(hear(windows.submit))
    app.action(ids.CANCEL_WINDOW)(hear(windows.cancel))
    app.action(ids.CANCEL_OPERATION)(hear(operations.cancel))
    app.action(ids.SIGN_OFF)(hear(operations.sign_off))
    app.action(ids.AUDIT_NEWEST)(hear(audits.turn))
    app.action(ids.AUDIT_OLDER)(hear(audits.turn))
    _listen_to_catalog(app, hear, catalog)
    _listen_to_plans(app, hear, restores, approvals)


def _listen_to_catalog(app: App, hear: Hear, catalog: CatalogListeners) -> None:
    app.action(ids.BACKUPS_NEWER)(hear(catalog.turn))
    app.action(ids.BACKUPS_OLDER)(hear(catalog.turn))
    app.action(ids.BACKUPS_FILTER)(hear(catalog.filter))
    app.action(ids.BACKUP_DETAILS)(hear(catalog.details))
    app.action(ids.PIN)(hear(catalog.ask_to_pin))
    app.view(ids.PIN_MODAL)(hear(catalog.pin))


def _listen_to_plans(app: App, hear: Hear, restores: RestoreListeners, approvals: ApprovalListeners) -> None:
    app.action(ids.APPROVE)(hear(approvals.ask_to_approve))
    app.action(ids.DENY)(hear(approvals.ask_to_deny))
    app.action(ids.WITHDRAW)(hear(approvals.withdraw))
    app.action(ids.SHOW_PLAN)(hear(approvals.show_plan))
    app.action(ids.ASK_AGAIN)(hear(restores.ask_again))
    app.view(ids.APPROVAL_MODAL)(hear(approvals.approve))
    app.view(ids.DENIAL_MODAL)(hear(approvals.deny))


def _impatient(client: WebClient) -> WebClient:
    """The same client for look-ups, which are given up early and not tried again."""
    return WebClient(
        token=client.token, base_url=client.base_url, timeout=_LOOK_UP_SECONDS, proxy=client.proxy, ssl=client.ssl,
        retry_handlers=[],
    )  # fmt: skip


def close_app(app: App) -> None:
    """Waits for the listeners that are running."""
    executor = app.listener_runner.listener_executor
    executor.shutdown(wait=True)


def app_id_of(app_token: str | None) -> str | None:
    """An app-level token names its app: `xapp-1-A0123456789-…`."""
    parts = (app_token or "").split("-")
    return parts[2] if len(parts) > 3 and parts[0] == "xapp" else None
