"""What pydantic found wrong, told for people: key, problem, example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.errors import Gap

_RETENTION = {
    "last": 3,
    "hourly": 24,
    "daily": 14,
    "weekly": 8,
    "monthly": 12,
    "yearly": 5,
    "min_verified": 1,
}
_EXAMPLES = {
    "dsn": 'dsn = "postgresql://baseliner@db.internal:5432/inventory"',
    "pool_size": "pool_size = 10",
    "operations": 'operations = "C0123456789"',
    "approvals": 'approvals = "C0123456789"',
    "alerts": 'alerts = "C0123456789"',
    "requesters": 'requesters = ["U0123456789"]',
    "approvers": 'approvers = ["U0123456789"]',
    "denied": 'denied = ["U0123456789"]',
    "required_approvals": "required_approvals = 2",
    "policy.channels": 'channels = ["C0123456789"]',
    "only_in_window": "only_in_window = true",
    "quiet_hours": 'quiet_hours = "22:00-07:00"',
    "approval_expires": 'approval_expires = "30m"',
    "bucket": 'bucket = "acme-database-backups"',
    "endpoint": 'endpoint = "https://s3.example.com"',
    "path": 'path = "/srv/backups"',
    "storage": 'storage = "offsite"',
    "encryption": '[targets.inventory.encryption] with recipients = ["age1…"]',
    "recipients": 'recipients = ["age1…"]',
    "identity_file": 'identity_file = "/etc/baseliner/age.key"',
    "identity_env": 'identity_env = "INVENTORY_AGE_KEY"',
    "path_style": "path_style = true",
    "storage_class": 'storage_class = "STANDARD_IA"',
    "sse": 'sse = "AES256"',
    "object_lock_days": "object_lock_days = 30",
    "object_lock_mode": 'object_lock_mode = "GOVERNANCE"',
    "max_parts": "max_parts = 1000",
    "access_key_env": 'access_key_env = "BACKUP_ACCESS_KEY_ID"',
    "secret_key_env": 'secret_key_env = "BACKUP_SECRET_ACCESS_KEY"',
    "session_token_env": 'session_token_env = "BACKUP_SESSION_TOKEN"',
    "rpo": 'rpo = "24h"',
    "schedule": 'schedule = "0 2 * * *"',
    "timezone": 'timezone = "Europe/Berlin"',
    "keep_old_for": 'keep_old_for = "24h"',
    "jitter": 'jitter = "5m"',
    "backups_in_windows": "backups_in_windows = false",
    "retention": "[targets.inventory.retention] with daily = 14",
    **{rule: f"{rule} = {count}" for rule, count in _RETENTION.items()},
    "keep_safety_for": 'keep_safety_for = "7d"',
    "heads": 'heads = ["alembic", "heads"]',
    "history": 'history = ["alembic", "history"]',
    "stop": 'stop = ["systemctl", "stop", "api"]',
    "start": 'start = ["systemctl", "start", "api"]',
    "status": 'status = ["systemctl", "is-active", "--quiet", "api"]',
    "name": 'name = "api"',
    "type": 'type = "s3"',
    "slack": "[slack.channels] with operations, approvals and alerts",
    "channels": "[slack.channels] with operations, approvals and alerts",
    "policy": "[policy] with requesters and approvers",
    "targets": "[targets.inventory] with dsn and storage",
    "state": "[state] with dsn, or BASELINER_STATE_DSN",
    "queue": 'queue = "default"',
    "shell_users": 'olive = "U0123456789"',
    "report": 'at = "08:00"',
    "at": 'at = "08:00"',
    "docker": '[docker] with host = "unix:///var/run/docker.sock"',
    "host": 'host = "unix:///var/run/docker.sock"',
    "tls_ca": 'tls_ca = "/etc/baseliner/docker/ca.pem"',
    "tls_cert": 'tls_cert = "/etc/baseliner/docker/cert.pem"',
    "tls_key": 'tls_key = "/etc/baseliner/docker/key.pem"',
    "project": 'project = "inventory"',
    "docker.service": 'service = "db"',
    "migrations.service": 'service = "api"',
    "docker.tools": 'tools = "exec"',
    "pause": "pause = true",
    "masking": 'masking = "/etc/baseliner/mask.sql"',
    "restore_from": "[targets.staging.restore_from.production] with masking = a file of SQL",
    "health_deadline": 'health_deadline = "60s"',
    "command_deadline": 'command_deadline = "60s"',
}
_NAMED_STORAGE = 2
_WITHOUT_TYPE = {"union_tag_not_found": "is missing", "union_tag_invalid": "is neither s3 nor directory"}


def gaps_of(error: ValidationError) -> list[Gap]:
    """One gap for each thing pydantic found, in the file's words."""
    return [_gap(item["loc"], item["type"], item["msg"]) for item in error.errors(include_url=False)]


def misplaced_secrets(document: Mapping[str, Any]) -> list[Gap]:
    """Slack's credentials, where somebody wrote them into the file."""
    if "credentials" not in document:
        return []
    return [Gap("credentials", "secrets do not belong into this file", "export SLACK_BOT_TOKEN=xoxb-…")]


def shared_folders(document: Mapping[str, Any]) -> list[Gap]:
    """A staging area in a storage's folder, or the reverse: what is staged is removed, what is stored must not be."""
    area, storages = document.get("staging"), document.get("storage")
    staging = area.get("path") if isinstance(area, dict) else None
    if not isinstance(staging, str) or not isinstance(storages, dict):
        return []
    folders = {name: each.get("path") for name, each in storages.items() if isinstance(each, dict)}
    return [
        Gap("staging.path", f"shares a folder with the backups of [storage.{name}]", "a folder of its own")
        for name, path in folders.items()
        if isinstance(path, str) and _overlap(Path(staging), Path(path))
    ]


def _overlap(one: Path, other: Path) -> bool:
    first, second = one.absolute(), other.absolute()
    return first.is_relative_to(second) or second.is_relative_to(first)


def undefined_storages(document: Mapping[str, Any]) -> list[Gap]:
    """Targets whose storage has no section of its own; looked for in the raw file, so that no other gap hides them."""
    targets, storages = document.get("targets"), document.get("storage", {})
    if not isinstance(targets, dict) or not isinstance(storages, dict):
        return []
    named = [
        (name, storage)
        for name, target in targets.items()
        if isinstance(target, dict)
        for storage in _listed(target.get("storage"))
    ]
    return [
        Gap(f"targets.{name}.storage", f"names {storage!r}, which [storage] does not define", _defined(storages))
        for name, storage in named
        if isinstance(storage, str) and storage.strip() not in storages
    ]


def undefined_sources(document: Mapping[str, Any]) -> list[Gap]:
    """Targets that restore from one which is not defined."""
    targets = document.get("targets")
    if not isinstance(targets, dict):
        return []
    return [
        Gap(f"targets.{name}.restore_from.{source}", "is the name of no target", f"targets: {', '.join(targets)}")
        for name, target in targets.items()
        if isinstance(target, dict) and isinstance(target.get("restore_from"), dict)
        for source in target["restore_from"]
        if source not in targets
    ]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _defined(storages: Mapping[str, Any]) -> str:
    return f'storage = "{next(iter(storages), "offsite")}"'


def _gap(location: Sequence[str | int], kind: str, message: str) -> Gap:
    parts = [str(part) for part in location if part != "[key]"]
    if parts[:1] == ["storage"]:
        del parts[_NAMED_STORAGE : _NAMED_STORAGE + 1]  # the kind of storage, which the file says by `type`
    if kind in _WITHOUT_TYPE:
        parts.append("type")
    key = ".".join(parts) or "the file"
    # A name that two sections have is found with its section.
    pairs = [(".".join(parts[max(at - 2, 0) : at]), parts[at - 1]) for at in range(len(parts), 0, -1)]
    looked_up = [name for pair in pairs for name in pair]
    example = next((_EXAMPLES[name] for name in looked_up if name in _EXAMPLES), "see baseliner.example.toml")
    return Gap(key, _problem(kind, message), example)


def _problem(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not a setting; look for a typing error"
    return _WITHOUT_TYPE.get(kind) or message.removeprefix("Value error, ")
