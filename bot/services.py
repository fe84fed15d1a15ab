"""Everything that can be asked of Baseliner, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from bot.clock import Clock
from bot.membership import AttachedRoster
from bot.operations.approvals import Approvals
from bot.operations.audit_heads import AuditHeads
from bot.operations.audit_log import Audit
from bot.operations.backups import Backups
from bot.operations.cancelling import Cancelling
from bot.operations.catalog import Catalog
from bot.operations.deadlines import Deadlines
from bot.operations.deliveries import Deliveries
from bot.operations.doctors import Doctors
from bot.operations.drawings import Drawings
from bot.operations.drills import Drills
from bot.operations.firing import Schedules
from bot.operations.health import Health
from bot.operations.overview import Overview
from bot.operations.pins import Pins
from bot.operations.policies import Policies
from bot.operations.preflight import Preflights
from bot.operations.reports import Reports
from bot.operations.restores import Restores
from bot.operations.retention import Retentions
from bot.operations.sign_offs import SignOffs
from bot.operations.undos import Undos
from bot.operations.windows import Windows
from bot.settings import Settings


@dataclass(frozen=True)
class Services:
    """The use cases. All are thread-safe and fast: they touch the state database only; long work is deferred."""

    settings: Settings
    clock: Clock
    roster: AttachedRoster
    backups: Backups
    catalog: Catalog
    restores: Restores
    undos: Undos
    approvals: Approvals
    deadlines: Deadlines
    policies: Policies
    cancelling: Cancelling
    drills: Drills
    preflights: Preflights
    doctors: Doctors
    pins: Pins
    retentions: Retentions
    schedules: Schedules
    windows: Windows
    health: Health
    overview: Overview
    reports: Reports
    sign_offs: SignOffs
    audit: Audit
    audit_heads: AuditHeads
    """the exception: to verify it reads storage"""
    deliveries: Deliveries
    drawings: Drawings
