"""Where backups go and pass by: storages, tried with a probe object; keys, with a probe text; the staging area."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.doctor.examination import Line
from bot.doctor.skew import judge_skew
from bot.errors import BaselinerError, KeyMissing, StorageFailed
from bot.models import Check
from bot.operations.staging import Kind, lying_in
from bot.postgres.holes import demand_holes
from bot.settings import Staging, TargetSettings
from bot.settings_storage import Encryption, S3Settings
from bot.storage import Storage
from bot.storage.encryption import Encryptor, decrypted, identities_of

_PROBE = "probe"
_FORGOTTEN = timedelta(days=1)
_SHOWN = 3
_TEXT = b"Baseliner's doctor was here. This object may be removed.\n"
KEYS = Line("keys", "What is encrypted can be opened again")
STAGING = Line("staging", "Backups can pass by on this host")


def storage_line(name: str) -> Line:
    return Line(f"storage_{name}", f"Storage {name} is written, read and removed from")


def storage_clock(name: str) -> Line:
    return Line(f"storage_{name}_clock", f"The clock of storage {name} is right")


def look_at_storage(
    name: str, settings: object, storage: Storage, target: str, probe_id: str, clock: Clock, *, prunes: bool
) -> list[Check]:
    """Raises StorageFailed where it cannot be written or read. `prunes`: retention has to remove from it."""
    line = storage_line(name)
    with storage.writer(target, probe_id, _PROBE, len(_TEXT)) as writer:
        writer.write(_TEXT)
        writer.complete()
    try:
        if b"".join(storage.read(target, probe_id, _PROBE)) != _TEXT:
            raise StorageFailed("What was read is not what was written.", "Check that storage before anything else.")
        before = clock.now()
        told, locked = storage.told_of(target, probe_id, _PROBE)
        after = clock.now()
        problem = _lock_problem(settings, locked)
    finally:
        kept = _removal_problem(storage, target, probe_id)
    clocks = [judge_skew(storage_clock(name), before, told, after)] if isinstance(settings, S3Settings) else []
    if problem:
        remedy = f"Enable Object Lock on the bucket, or take object_lock_days out of [storage.{name}]."
        return [line.failed(problem, remedy), *clocks]
    said = "a probe was written and read" + (f", and is locked until {locked:%Y-%m-%d}" if locked else "")
    if not kept:
        return [line.passed(f"{said}, then removed"), *clocks]
    where = f"{storage.location(target, probe_id)}{_PROBE}"
    judged = line.failed if prunes else line.warning
    return [judged(f"{said}, but not removed: {kept}", f"Allow it (prune_credentials), and remove {where}."), *clocks]


def look_at_keys(encryption: Encryption | None, environment: Mapping[str, str]) -> Check:
    """Raises KeyMissing where a private key is named and is not there."""
    if encryption is None:
        return KEYS.passed("backups are not encrypted by Baseliner: there is no [targets.….encryption]")
    sealed = bytearray()
    encryptor = Encryptor(encryption.recipients, sealed.extend)
    encryptor.write(_TEXT)
    encryptor.close()
    identities = identities_of(encryption, environment)
    if not identities:
        return KEYS.warning(
            f"sealed to {len(encryption.recipients)} key(s), but no private key is here: nothing can be restored here",
            "Set identity_file or identity_env in [targets.….encryption] where restores and drills run.",
        )
    try:
        opened = b"".join(decrypted(iter([bytes(sealed)]), identities, "the probe"))
    except (KeyMissing, BaselinerError) as error:
        return KEYS.failed(
            f"no private key here opens what is sealed now: {error}",
            "Set identity_file or identity_env to the private key of one of the recipients.",
        )
    if opened != _TEXT:
        return KEYS.failed("what was opened is not what was sealed", "Replace the keys, then take a backup.")
    return KEYS.passed(f"sealed to {len(encryption.recipients)} key(s) and opened again")


def look_at_staging(staging: Staging, settings: TargetSettings, now: datetime) -> Check:
    """Raises StorageFailed where holes cannot be punched."""
    folder = staging.path
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        demand_holes(folder)
        free = shutil.disk_usage(folder).free
        lying = lying_in(staging)
        forgotten = [item.name for item in lying if item.kind is Kind.WORK and now - item.changed_at() > _FORGOTTEN]
    except OSError as error:
        return STAGING.failed(
            f"{folder}: {error.strerror or error}",
            f"Make it writable for uid {os.getuid()}, or point [staging] path at a folder that is.",
        )
    said = f"{folder} has {_gigabytes(free)} free; a backup keeps up to {_gigabytes(staging.limit)} there"
    if forgotten:
        return STAGING.warning(
            f"{said}, where nothing was written for a day to {_some(forgotten)}",
            "A worker on this host removes what its state database knows as ended. See whose others are (Baseliners "
            f"may share the area), and once nobody works with them: rm -r {folder / forgotten[0]}",
        )
    if free < staging.limit:
        return STAGING.warning(
            f"{said}, and a restore its whole dump", "Free space there, or lower [staging] limit; 256MB is the least."
        )
    foreign = [item.name for item in lying if item.kind is Kind.FOREIGN]
    beside = f"; {_some(foreign)} there is not Baseliner's" if foreign else ""
    return STAGING.passed(f"{said}, by {settings.jobs} connections{beside}")


def _removal_problem(storage: Storage, target: str, probe_id: str) -> str:
    try:
        storage.delete_backup(target, probe_id)
    except BaselinerError as error:
        return str(error)
    return ""


def _lock_problem(settings: object, locked: datetime | None) -> str:
    if isinstance(settings, S3Settings) and settings.object_lock_days and locked is None:
        return f"object_lock_days = {settings.object_lock_days} is set, but the probe was not locked"
    return ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
