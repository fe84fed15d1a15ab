"""What lies in this host's staging area though its operation has ended, as on another host: looked for and removed."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from datetime import timedelta

from bot.operations.context import Context
from bot.operations.scratch_places import CLUSTER
from bot.operations.staging import Kind, Lying, lying_in
from bot.postgres.scratch import remove_remains
from bot.storage.base import MANIFEST
from bot.store import staging

_log = logging.getLogger(__name__)
_NOBODYS_AFTER = {Kind.PROBE: timedelta(days=1), Kind.WORK: timedelta(days=7)}
"""How long nothing changes in what the state database knows nothing of, until it counts as nobody's.

Another Baseliner may share the staging area: its doctors take seconds, its operations no week without a change.
"""


class Abandoned:
    """Dumps of production, not encrypted and not masked: none may stay when the worker that fetched it was killed."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def remove(self) -> list[str]:
        """Returns the names of the folders; never one of an operation under way. What cannot be removed is logged."""
        try:
            # Before the database is asked: an operation is written down there before it makes a folder.
            lying = [item for item in lying_in(self._context.settings.staging) if item.kind is not Kind.FOREIGN]
        except OSError as error:
            _log.warning("the staging area cannot be looked into: %s", error)
            return []
        if not lying:
            return []
        with self._context.database.transaction() as connection:
            ended = staging.ended(connection, [item.name for item in lying])
        return [item.name for item in lying if self._is_abandoned(item, ended) and _remove(item)]

    def _is_abandoned(self, item: Lying, ended: Mapping[str, bool]) -> bool:
        try:
            # A backup itself, where a storage's folder and the staging area are one.
            if (item.path / MANIFEST).exists():
                return False
            if item.name in ended:
                return ended[item.name]
            return self._context.now() - item.changed_at() > _NOBODYS_AFTER[item.kind]
        except OSError as error:
            _log.warning("%s cannot be looked into, and stays: %s", item.path, error)
            return False


def _remove(item: Lying) -> bool:
    # A drill's own cluster has a socket elsewhere, and run by root its data.
    remove_remains(item.path)
    remove_remains(item.path / CLUSTER)
    shutil.rmtree(item.path, ignore_errors=True)
    if item.path.exists():
        _log.warning("%s belongs to an operation that has ended and cannot be removed: rm -r it", item.path)
        return False
    _log.info("%s belonged to an operation that has ended and was removed", item.path)
    return True
