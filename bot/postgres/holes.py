"""Giving back the disk under the part of a file that was read."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from bot.errors import StorageFailed

_KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02
_BLOCK = 4096


def punch_hole(descriptor: int, start: int, end: int) -> int:
    """Give back the blocks from `start` to `end` (`fallocate(2)`); returns where the hole ends. Raises OSError."""
    end -= end % _BLOCK
    if end <= start:
        return start
    libc = ctypes.CDLL(None, use_errno=True)
    length = ctypes.c_int64(end - start)
    if libc.fallocate64(descriptor, _KEEP_SIZE_AND_PUNCH_HOLE, ctypes.c_int64(start), length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return end


def demand_holes(directory: Path) -> None:
    """Raises StorageFailed where the directory's file system cannot punch holes."""
    probe = directory / ".holes"
    descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, b"x" * _BLOCK)
        punch_hole(descriptor, 0, _BLOCK)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
            raise
        raise StorageFailed(
            f"The file system under {directory} cannot punch holes.", "Point [staging] at ext4, xfs, btrfs or tmpfs."
        ) from error
    finally:
        os.close(descriptor)
        probe.unlink()
