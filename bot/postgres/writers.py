"""Whether a file is still being written by another process."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path


def is_closed(path: Path) -> bool:
    """Whether nobody has the file open for writing: only then does Linux grant a read lease (`fcntl(2)`)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # An empty one may be just about to be opened for writing.
        if os.fstat(descriptor).st_size == 0:
            return False
        # Whoever opens it for writing meanwhile breaks the lease by a signal: SIGIO would end this process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
