"""One restore, and what it is done with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.models import Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.backups import Backups
from bot.operations.context import Context
from bot.operations.journal import Journal


@dataclass(frozen=True)
class RestoreWork:
    """What each part of a restore is made with."""

    context: Context
    operation: Operation
    journal: Journal
    backups: Backups
    engine: BackupEngine
