"""The only place that puts everything together."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.clock import Clock, SystemClock
from bot.errors import Gap, SettingsError
from bot.jobs import JobQueue, Work
from bot.models import Checklist, OperationKind, ScheduleName
from bot.operations.abandoned import Abandoned
from bot.operations.approvals import Approvals
from bot.operations.asides import Asides
from bot.operations.audit_heads import AuditHeads
from bot.operations.audit_log import Audit
from bot.operations.backup_engine import BackupEngine
from bot.operations.backup_job import BackupJob
from bot.operations.backups import Backups
from bot.operations.cancelling import Cancelling
from bot.operations.catalog import Catalog
from bot.operations.context import Context
from bot.operations.deadlines import Deadlines
from bot.operations.deliveries import Deliveries
from bot.operations.doctors import DoctorJob, Doctors
from bot.operations.drawings import Drawings
from bot.operations.drill_job import DrillJob
from bot.operations.drills import Drills
from bot.operations.firing import Schedules
from bot.operations.health import Health
from bot.operations.leftovers import Leftovers
from bot.operations.overview import Overview
from bot.operations.pins import Pins
from bot.operations.planning import PlanMaker, Planning
from bot.operations.policies import Policies
from bot.operations.preflight import PreflightJob, Preflights
from bot.operations.pruning import Pruning
from bot.operations.reports import Reports
from bot.operations.rescan import Rescan
from bot.operations.restore_job import RestoreJob
from bot.operations.restore_plan import RestorePlanner
from bot.operations.restores import Restores
from bot.operations.retention import Retentions
from bot.operations.runner import Job, Runner
from bot.operations.sign_offs import SignOffs
from bot.operations.sweep import Sweeps
from bot.operations.undo_job import UndoJob
from bot.operations.undo_plan import UndoPlanner
from bot.operations.undos import Undos
from bot.operations.windows import Windows
from bot.schedule import Clockwork
from bot.secret_files import SecretFiles
from bot.services import Services
from bot.settings import Settings, SlackCredentials
from bot.store.database import StateDatabase

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


@dataclass(frozen=True)
class House:
    """Everything of one process, wired."""

    context: Context
    services: Services
    work: Work
    planning: Planning
    clockwork: Clockwork
    rescan: Rescan


def build(context: Context) -> House:
    """Wire the use cases around their effects."""
    backups, windows, deadlines = Backups(context), Windows(context), Deadlines(context)
    health, engine, retentions = Health(context), BackupEngine(context), Retentions(context)
    sweeps, audit_heads, drills = Sweeps(context, backups, health), AuditHeads(context), Drills(context, backups)
    schedules, planning = _schedules(context, backups, drills), Planning(context, _planners(context, backups))
    reports = Reports(context, health, schedules)
    services = Services(
        settings=context.settings,
        clock=context.clock,
        backups=backups,
        catalog=Catalog(context, backups, retentions),
        restores=Restores(context, backups),
        undos=Undos(context),
        roster=context.roster,
        approvals=Approvals(context),
        deadlines=deadlines,
        policies=Policies(context),
        cancelling=Cancelling(context),
        drills=drills,
        preflights=Preflights(context),
        doctors=Doctors(context),
        pins=Pins(context, backups),
        retentions=retentions,
        schedules=schedules,
        windows=windows,
        health=health,
        overview=Overview(context),
        reports=reports,
        sign_offs=SignOffs(context),
        audit=Audit(context),
        audit_heads=audit_heads,
        deliveries=Deliveries(context),
        drawings=Drawings(context),
    )
    runner = _runner(context, backups, windows, planning, engine)
    clockwork = Clockwork(context, schedules, windows, deadlines, sweeps, reports)
    leftovers = Leftovers(context, engine)
    work = Work(runner, sweeps, Asides(context), Pruning(context), audit_heads, leftovers, Abandoned(context))
    return House(context, services, work, planning, clockwork, Rescan(context, engine))


def _runner(context: Context, backups: Backups, windows: Windows, planning: Planning, engine: BackupEngine) -> Runner:
    jobs: dict[OperationKind, Job] = {
        OperationKind.BACKUP: BackupJob(context, engine),
        OperationKind.RESTORE: RestoreJob(context, backups, planning, engine),
        OperationKind.UNDO: UndoJob(context, planning),
        OperationKind.DRILL: DrillJob(context, backups, engine),
        OperationKind.PREFLIGHT: PreflightJob(context, backups, windows),
        OperationKind.DOCTOR: DoctorJob(context),
    }
    return Runner(context, jobs, planning)


def _planners(context: Context, backups: Backups) -> dict[OperationKind, PlanMaker]:
    return {OperationKind.RESTORE: RestorePlanner(context, backups), OperationKind.UNDO: UndoPlanner(context)}


def _schedules(context: Context, backups: Backups, drills: Drills) -> Schedules:
    makers = {ScheduleName.BACKUP: backups.request_scheduled, ScheduleName.DRILL: drills.request_scheduled}
    return Schedules(context, makers)


@contextmanager
def open_house(settings: Settings, environment: Mapping[str, str]) -> Generator[House]:
    """Connect to the state database and wire; closed at the end of the block. Raises DatabaseUnreachable."""
    database = StateDatabase(settings.state.dsn.get_secret_value(), settings.state.pool_size)
    database.open()
    try:
        secrets, chance = SecretFiles(environment), random.SystemRandom()
        context = Context(settings, secrets, SystemClock(), chance, database, JobQueue(settings))
        yield build(context)
    finally:
        database.close()


@dataclass(frozen=True)
class SlackSide:
    """Slack's half of a serving process: HTTP routes or a socket, and the publisher."""

    routes: Sequence[BaseRoute]
    connected: Callable[[], bool]
    publish: Callable[[threading.Event], None]


@contextmanager
def slack_side(house: House) -> Generator[SlackSide]:
    """Listen to Slack, by Socket Mode when there is an app token, else by HTTP. Raises SettingsError."""
    # Imported here: a command at the shell needs no Slack, and starts sooner without.
    from slack_sdk import WebClient

    import handlers

    credentials = house.services.settings.credentials
    _demand_credentials(credentials)
    token = _revealed(credentials.bot_token)
    app = handlers.build_app(
        house.services,
        token=token,
        signing_secret=_revealed(credentials.signing_secret),
        app_token=_revealed(credentials.app_token) or None,
        base_url=credentials.api_url,
    )
    publisher = handlers.Publisher(WebClient(token=token, base_url=credentials.api_url, timeout=20), house.services)
    try:
        if credentials.app_token is None:
            yield SlackSide(handlers.http_routes(app), lambda: True, publisher.run)
            return
        socket = handlers.socket_mode(app, _revealed(credentials.app_token))
        try:
            yield SlackSide((), lambda: socket.connected, publisher.run)
        finally:
            socket.close()
    finally:
        handlers.close_app(app)


def inspect_slack(settings: Settings, clock: Clock) -> Checklist:
    """What the doctor finds in Slack."""
    from slack_sdk import WebClient

    from handlers.inspection import TOKEN, Inspection

    credentials = settings.credentials
    if credentials.bot_token is None:
        missing = TOKEN.failed("SLACK_BOT_TOKEN is not set", "export SLACK_BOT_TOKEN=xoxb-…")
        return Checklist("slack", clock.now(), (missing,))
    token = _revealed(credentials.bot_token)
    client = WebClient(token=token, base_url=credentials.api_url, timeout=10, retry_handlers=[])
    return Checklist("slack", clock.now(), Inspection(client, settings, clock).run())


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _demand_credentials(credentials: SlackCredentials) -> None:
    gaps = []
    if credentials.bot_token is None:
        gaps.append(Gap("SLACK_BOT_TOKEN", "is not set", "export SLACK_BOT_TOKEN=xoxb-…"))
    if credentials.app_token is None and credentials.signing_secret is None:
        example = "export SLACK_APP_TOKEN=xapp-… (Socket Mode) or SLACK_SIGNING_SECRET=… (HTTP)"
        gaps.append(Gap("SLACK_APP_TOKEN", "is not set, nor is SLACK_SIGNING_SECRET", example))
    if gaps:
        raise SettingsError("The environment", gaps)
