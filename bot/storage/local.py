"""Backups in a directory. Objects appear whole: written under another name, synced, renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.errors import Conflict, DamagedBackup, NotFound, StorageFailed
from bot.models import Manifest
from bot.storage.base import AUDIT, MANIFEST, Written, audit_name, safe_name
from bot.storage.manifest import from_json, to_json

_CHUNK = 1 << 20
_PARTIAL = ".partial"


class LocalWriter:
    """Writes `<name>.partial`; `complete` syncs and renames it."""

    def __init__(self, path: Path) -> None:
        self.limit: int | None = None
        self._path = path
        self._partial = path.with_name(path.name + _PARTIAL)
        self._hash = hashlib.sha256()
        self._size = 0
        with _judged(path):
            self._descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            os.close(self._descriptor)
            self._open = False
        self._partial.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        with _judged(self._path):
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
        self._hash.update(data)
        self._size += len(data)

    def seal(self) -> None:
        if self._open:
            with _judged(self._path):
                os.fsync(self._descriptor)
                self._open = False
                os.close(self._descriptor)

    def complete(self) -> Written:
        self.seal()
        with _judged(self._path):
            size = self._partial.stat().st_size
            if size != self._size:
                raise StorageFailed(
                    f"{self._path} holds {size:,} bytes, {self._size:,} were written.",
                    "Check the disk, then try again.",
                )
            self._partial.rename(self._path)
            _sync_folder(self._path.parent)
        return Written(self._size, self._hash.hexdigest())


class LocalStorage:
    """A directory that exists; folders in it get mode 0700, files 0600."""

    def __init__(self, path: Path) -> None:
        self.object_limit: int | None = None
        self._root = path

    def location(self, target: str, backup_id: str) -> str:
        return f"{self._folder(target, backup_id)}/"

    def writer(self, target: str, backup_id: str, name: str, expected_bytes: int | None = None) -> LocalWriter:  # noqa: ARG002 - of the protocol
        folder = self._folder(target, backup_id)
        self._make_folder(folder)
        return LocalWriter(folder / safe_name(name))

    def read(self, target: str, backup_id: str, name: str) -> Iterator[bytes]:
        path = self._folder(target, backup_id) / safe_name(name)
        with _judged(path):
            if not path.exists():
                raise DamagedBackup(f"{path} is missing.", "Choose another backup; keep this one for inquiry.")
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk

    def put_manifest(self, manifest: Manifest) -> str:
        with self.writer(manifest.target, manifest.backup_id, MANIFEST) as writer:
            writer.write(to_json(manifest))
            return writer.complete().sha256

    def get_manifest(self, target: str, backup_id: str) -> Manifest:
        path = self._folder(target, backup_id) / MANIFEST
        with _judged(path):
            if not path.exists():
                raise NotFound(f"There is no backup {backup_id} of {target} in {self._root}.", "List its backups.")
            return from_json(path.read_bytes())

    def list_backups(self, target: str) -> list[str]:
        folder = self._root / safe_name(target)
        with _judged(folder):
            self._require_root()
            return sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))

    def delete_backup(self, target: str, backup_id: str) -> None:
        folder = self._folder(target, backup_id)
        with _judged(folder):
            (folder / MANIFEST).unlink(missing_ok=True)
            if folder.exists():
                _sync_folder(folder)
                shutil.rmtree(folder)

    def discard(self, target: str, backup_id: str) -> str:
        folder = self._folder(target, backup_id)
        if (folder / MANIFEST).exists():
            raise Conflict(f"Backup {backup_id} of {target} has a manifest; it is not discarded.")
        self.delete_backup(target, backup_id)
        return ""

    def put_audit_head(self, day: str, document: bytes) -> bool:
        path = self._root / AUDIT / audit_name(day)
        with _judged(path):
            self._require_root()
            _make_one(path.parent)
            if path.exists():
                return False
        with LocalWriter(path) as writer:
            writer.write(document)
            writer.complete()
        return True

    def audit_heads(self) -> list[str]:
        folder = self._root / AUDIT
        with _judged(folder):
            self._require_root()
            return sorted(path.stem for path in folder.glob("*.json"))

    def get_audit_head(self, day: str) -> bytes:
        path = self._root / AUDIT / audit_name(day)
        with _judged(path):
            self._require_root()
            if not path.exists():
                raise NotFound(f"There is no {path}.", "The audit log's head of that day was not exported there.")
            return path.read_bytes()

    def told_of(self, target: str, backup_id: str, name: str) -> tuple[datetime | None, datetime | None]:
        path = self._folder(target, backup_id) / safe_name(name)
        with _judged(path):
            path.stat()
        return None, None

    def available(self, target: str) -> int | None:
        folder = self._root / safe_name(target)
        with _judged(folder):
            self._require_root()
            return shutil.disk_usage(self._root).free

    def _folder(self, target: str, backup_id: str) -> Path:
        return self._root / safe_name(target) / safe_name(backup_id)

    def _require_root(self) -> None:
        # Made by its operator, never by us: on a disk that is not mounted, backups would fill another one.
        if not self._root.is_dir():
            raise StorageFailed(f"{self._root} does not exist.", "Create it, or mount the disk that holds it.")

    def _make_folder(self, folder: Path) -> None:
        with _judged(folder):
            self._require_root()
            for each in (folder.parent, folder):
                _make_one(each)


def _make_one(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _judged(path: Path) -> Iterator[None]:
    """OSError as StorageFailed with a next step."""
    try:
        yield
    except OSError as error:
        remedies = {
            errno.ENOSPC: "Free space on that disk, then try again.",
            errno.EDQUOT: "Raise the quota on that disk, then try again.",
            errno.EACCES: "Let the user that runs Baseliner write there.",
            errno.EROFS: "The disk is mounted read-only; mount it for writing.",
        }
        raise StorageFailed(
            f"{path}: {error.strerror or error}", remedies.get(error.errno or 0, "Check that disk, then try again.")
        ) from error
